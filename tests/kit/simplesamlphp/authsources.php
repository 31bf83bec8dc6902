<?php
$story = json_decode(file_get_contents(getenv('SIMPLESAMLPHP_CONFIG_DIR') . '/story.json'), true);
$config = ['story' => array_merge(['saml:SP'], $story['sp'])];
