<?php
$story = json_decode(file_get_contents(getenv('SIMPLESAMLPHP_CONFIG_DIR') . '/story.json'), true);
// A service provider; or whoever the story says sits before an identity provider.
$config = isset($story['sp']) ? ['story' => array_merge(['saml:SP'], $story['sp'])] : ['story' => array_merge(['exampleauth:StaticSource'], $story['person'])];
