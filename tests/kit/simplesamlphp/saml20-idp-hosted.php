<?php
// SimpleSAMLphp as an identity provider: NameID is the person's uid.
$story = json_decode(file_get_contents(getenv('SIMPLESAMLPHP_CONFIG_DIR') . '/story.json'), true);
$metadata[$story['base'] . '/idp'] = $story['idp'] + [
    'host' => '__DEFAULT__',
    'auth' => 'story',
    'NameIDFormat' => 'urn:oasis:names:tc:SAML:2.0:nameid-format:persistent',
    'privatekey' => 'sp.key',
    'certificate' => 'sp.crt',
    'signature.algorithm' => 'http://www.w3.org/2001/04/xmldsig-more#rsa-sha256',
    'authproc' => [3 => ['class' => 'saml:AttributeNameID', 'attribute' => 'uid', 'Format' => 'urn:oasis:names:tc:SAML:2.0:nameid-format:persistent']],
];
