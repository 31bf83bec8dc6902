<?php
// Two pages of the story and SimpleSAMLphp's own under /simplesaml/.
$shipped = '/usr/share/simplesamlphp';
$path = parse_url($_SERVER['REQUEST_URI'], PHP_URL_PATH);
error_reporting(E_ALL & ~E_DEPRECATED & ~E_NOTICE & ~E_WARNING);

if (preg_match('#^/simplesaml/([A-Za-z0-9/_-]+\.php)(/.*)?$#', $path, $found) && is_file("$shipped/www/$found[1]")) {
    $_SERVER['SCRIPT_NAME'] = $_SERVER['PHP_SELF'] = "/simplesaml/$found[1]";
    $_SERVER['SCRIPT_FILENAME'] = "$shipped/www/$found[1]";
    if (isset($found[2])) {
        $_SERVER['PATH_INFO'] = $found[2];
    } else {
        unset($_SERVER['PATH_INFO']);
    }
    chdir(dirname($_SERVER['SCRIPT_FILENAME']));
    require $_SERVER['SCRIPT_FILENAME'];
    return;
}

require_once "$shipped/lib/_autoload.php";
$source = new \SimpleSAML\Auth\Simple('story');
$here = \SimpleSAML\Configuration::getInstance()->getString('baseurlpath');
$home = str_replace('/simplesaml/', '/', $here);
header('Content-Type: application/json');
if ($path === '/signed-out') {
    echo json_encode(['signed_out' => !$source->isAuthenticated()]);
} elseif ($path === '/sign-out') {
    $source->logout("{$home}signed-out");
} else {
    $source->requireAuth(['ReturnTo' => "{$home}page"] + ($_GET['options'] ?? []));
    $name = $source->getAuthData('saml:sp:NameID');
    echo json_encode(['attributes' => $source->getAttributes(), 'name_id' => $name->getValue(), 'format' => $name->getFormat(), 'index' => $source->getAuthData('saml:sp:SessionIndex')]);
}
