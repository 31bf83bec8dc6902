<?php
// What SimpleSAMLphp needs beside its defaults; the story says where its folder is.
$story = json_decode(file_get_contents(getenv('SIMPLESAMLPHP_CONFIG_DIR') . '/story.json'), true);
$config = ($story['config'] ?? []) + [
    'baseurlpath' => $story['base'] . '/simplesaml/',
    'certdir' => $story['folder'] . '/',
    'loggingdir' => $story['folder'] . '/log/',
    'datadir' => $story['folder'] . '/data/',
    'tempdir' => $story['folder'] . '/tmp',
    'metadatadir' => $story['folder'] . '/metadata/',
    'secretsalt' => 'a-salt-for-this-story-alone',
    'auth.adminpassword' => 'a-password-for-this-story-alone',
    'timezone' => 'UTC',
    'logging.handler' => 'stderr',
    'logging.level' => SimpleSAML\Logger::DEBUG,
    'showerrors' => true,
    'errorreporting' => false,
    'session.cookie.secure' => false,
    'session.phpsession.cookiename' => 'SimpleSAML',
    'session.cookie.samesite' => null,
    'store.type' => 'phpsession',
    'trusted.url.domains' => ['localhost'],
    'metadata.sources' => [['type' => 'xml', 'file' => $story['folder'] . '/idp.xml']],
    'language.default' => 'en',
];
