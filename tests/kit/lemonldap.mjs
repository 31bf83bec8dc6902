// lemonldap.mjs: Debian's LemonLDAP::NG as a SAML identity provider (lasso on its side): a portal in a folder of its own, which
// takes whoever the story says.
import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { freePort, root, stopProgram, until } from './clinic.mjs';
import { keyPair } from './saml.mjs';

// What is told of a person, under which name; and where the portal has it from.
const exported = { mail: 'mail', givenName: 'givenName', sn: 'sn', groups: 'memberships' };
const facts = { uid: '$ENV{HTTP_X_USER}', mail: '$ENV{HTTP_X_MAIL}', givenName: '$ENV{HTTP_X_GIVEN}', sn: '$ENV{HTTP_X_FAMILY}', memberships: '$ENV{HTTP_X_GROUPS}' };

function configuration(folder, base, settings) {
  const keys = keyPair(folder, 'signing');
  const store = (name) => ({ Directory: join(folder, name), LockDirectory: join(folder, name) });
  const attribute = ([name, from]) => [from, `0;${name};urn:oasis:names:tc:SAML:2.0:attrname-format:basic;${name}`];
  const sign = { SignSSOMessage: 1, SignSLOMessage: 1, CheckSSOMessageSignature: 1, CheckSLOMessageSignature: 1, SignatureMethod: 'RSA_SHA256' };
  const options = { NameIDFormat: 'unspecified', NameIDSessionKey: 'uid', EncryptionMode: 'none', ...sign, ...settings };
  return {
    cfgNum: 1, cfgDate: 1, cfgVersion: '2.16.1', portal: `${base}/`, domain: 'localhost', cookieName: 'lemonldap', securedCookie: 0, key: 'a key for this story alone',
    authentication: 'Slave', userDB: 'Null', passwordDB: 'Null', registerDB: 'Null', slaveUserHeader: 'X-User', whatToTrace: '_user', macros: facts, samlNameIDFormatMapUnspecified: 'uid',
    globalStorage: 'Apache::Session::File', globalStorageOptions: store('sessions'), persistentStorage: 'Apache::Session::File', persistentStorageOptions: store('lasting'),
    samlStorage: 'Apache::Session::File', samlStorageOptions: store('sessions'), samlServicePrivateKeySig: readFileSync(keys.key, 'utf8'), samlServicePublicKeySig: keys.pem(),
    issuerDBSAMLActivation: 1, issuerDBSAMLPath: '^/saml/', issuerDBSAMLRule: 1, samlEntityID: '#PORTAL#/saml/metadata', samlServiceSignatureMethod: 'RSA_SHA256', samlServiceUseCertificateInResponse: 1,
    samlOrganizationName: 'Story', samlOrganizationDisplayName: 'Story', samlOrganizationURL: base, samlSPMetaDataXML: {},
    samlSPMetaDataExportedAttributes: { lanyard: Object.fromEntries(Object.entries(exported).map(attribute)) },
    samlSPMetaDataOptions: { lanyard: Object.fromEntries(Object.entries(options).map(([name, value]) => [`samlSPMetaDataOptions${name}`, value])) },
    vhostOptions: {}, locationRules: {}, exportedHeaders: {}, exportedVars: {}, groups: {}, logoutServices: {}, portalCheckLogins: 0, requireToken: 0, portalDisplayRegister: 0, portalDisplayResetPassword: 0, captcha: 'StoryCaptcha',
  };
}

const settingsFile = (folder) => `[all]
logLevel = info
checkTime = 1
localSessionStorage =
[configuration]
type = File
dirName = ${folder}/conf
localStorage = Cache::FileCache
localStorageOptions = { 'namespace' => 'story', 'default_expires_in' => 1, 'cache_root' => '${folder}/cache', 'cache_depth' => 1 }
[portal]
staticPrefix = /static
templateDir = /usr/share/lemonldap-ng/portal/templates
languages = en
`;

// idp.is(person): who sits before it; idp.trust(our metadata): whom it answers. settings: of its samlSPMetaDataOptions.
export async function startLemonldap(clinic, settings = {}) {
  const folder = mkdtempSync(join(clinic.scratch, 'lemonldap-'));
  const port = await freePort();
  const base = `http://localhost:${port}`;
  for (const name of ['conf', 'sessions', 'lasting', 'cache']) mkdirSync(join(folder, name));
  writeFileSync(join(folder, 'lemonldap-ng.ini'), settingsFile(folder));
  const said = configuration(folder, base, settings);
  const keep = () => writeFileSync(join(folder, 'conf/lmConf-1.json'), JSON.stringify(said));
  keep();
  const idp = { base, folder };
  idp.is = ({ subject, attributes: { mail, givenName, sn, groups } }) => writeFileSync(join(folder, 'person.json'), JSON.stringify({ USER: subject, MAIL: mail, GIVEN: givenName, FAMILY: sn, GROUPS: [groups].flat().join('; ') }));
  idp.is({ subject: 'nobody', attributes: { mail: 'nobody@north.example', givenName: 'No', sn: 'Body', groups: [] } });
  let log = '';
  const start = async () => {
    idp.child = spawn('plackup', ['-s', 'HTTP::Server::PSGI', '--host', '127.0.0.1', '--port', String(port), '--env', 'deployment', join(root, 'tests/kit/lemonldap/portal.psgi')], {
      env: { ...process.env, LLNG_DEFAULTCONFFILE: join(folder, 'lemonldap-ng.ini'), STORY_FOLDER: folder }, stdio: ['ignore', 'pipe', 'pipe'],
    });
    idp.child.stdout.on('data', (data) => { log += data; });
    idp.child.stderr.on('data', (data) => { log += data; });
    return until('LemonLDAP::NG', async () => {
      if (idp.child.exitCode !== null) throw new Error(log);
      const answer = await fetch(`${base}/saml/metadata`);
      const text = await answer.text();
      if (!answer.ok || !text.includes('EntityDescriptor')) throw new Error(`${answer.status} ${text.slice(0, 500)} ${log.slice(-3000)}`);
      return text;
    }, 30000).catch(async (trouble) => { await stopProgram(idp.child); throw trouble; });
  };
  idp.metadata = await start();
  idp.log = () => log;
  idp.trust = async (sp) => {
    said.samlSPMetaDataXML.lanyard = { samlSPMetaDataXML: sp };
    keep();
    await stopProgram(idp.child);
    await start();
  };
  idp.stop = () => stopProgram(idp.child);
  return idp;
}
