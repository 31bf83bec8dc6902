// shib.mjs: Apache with mod_shib and a shibd of its own as a SAML service provider of a clinic.
import { spawn } from 'node:child_process';
import { chmodSync, existsSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { startApache } from './apache.mjs';
import { stopProgram, until } from './clinic.mjs';
import { keyPair, metadataOf } from './saml.mjs';

const shipped = '/etc/shibboleth';

function logger(file) {
  return `log4j.rootCategory=INFO, all
log4j.appender.all=org.apache.log4j.FileAppender
log4j.appender.all.fileName=${file}
log4j.appender.all.layout=org.apache.log4j.PatternLayout
log4j.appender.all.layout.ConversionPattern=%d{%H:%M:%S} %p %c %x: %m%n
`;
}

const attributeMap = `<Attributes xmlns="urn:mace:shibboleth:2.0:attribute-map" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">
  <Attribute name="urn:lanyard:attr:practice_id" id="practice"/>
  <Attribute name="urn:lanyard:attr:roles" id="roles"/>
  <Attribute name="urn:lanyard:attr:roles_at" id="roles_at"/>
  <Attribute name="urn:oasis:names:tc:SAML:2.0:nameid-format:persistent" id="name_id">
    <AttributeDecoder xsi:type="NameIDAttributeDecoder" formatter="$Name"/>
  </Attribute>
</Attributes>
`;

// No addresses but loopback, no TLS: what is not signed is refused. Our metadata is validated by its schema and signature.
function configuration(base, folder, issuer, settings) {
  return `<SPConfig xmlns="urn:mace:shibboleth:3.0:native:sp:config" clockSkew="180">
  <OutOfProcess logger="${folder}/shibd.logger"/>
  <InProcess logger="${folder}/native.logger"/>
  <UnixListener address="${folder}/shibd.sock"/>
  <ApplicationDefaults entityID="${base}/shibboleth" REMOTE_USER="name_id" signing="true" encryption="false" requireTransportAuth="false" requireConfidentiality="false" ${settings}>
    <Sessions lifetime="3600" timeout="600" relayState="ss:mem" checkAddress="false" handlerSSL="false" cookieProps="http" redirectLimit="none">
      <SSO entityID="${issuer}/saml/metadata" ECP="true">SAML2</SSO>
      <Logout asynchronous="false">SAML2 Local</Logout>
      <Handler type="MetadataGenerator" Location="/Metadata" signing="false" http="true" https="false"/>
      <Handler type="Session" Location="/Session" showAttributeValues="true"/>
    </Sessions>
    <Errors supportContact="root@localhost"/>
    <MetadataProvider type="XML" validate="true" path="${folder}/idp.xml">
      <MetadataFilter type="RequireValidUntil" maxValidityInterval="320000000"/>
      <MetadataFilter type="Signature" certificate="${folder}/idp.crt"/>
    </MetadataProvider>
    <AttributeExtractor type="XML" validate="true" path="${folder}/attribute-map.xml"/>
    <CredentialResolver type="File" key="${folder}/sp.key" certificate="${folder}/sp.crt"/>
  </ApplicationDefaults>
  <SecurityPolicyProvider type="XML" validate="true" path="${shipped}/security-policy.xml"/>
  <ProtocolProvider type="XML" validate="true" path="${shipped}/protocols.xml"/>
</SPConfig>
`;
}

async function startDaemon(folder) {
  const child = spawn('shibd', ['-f', '-F', '-c', join(folder, 'shibboleth2.xml'), '-p', join(folder, 'shibd.pid')], {
    env: { ...process.env, SHIBSP_RUNDIR: folder, SHIBSP_LOGDIR: folder, SHIBSP_CACHEDIR: folder }, stdio: ['ignore', 'pipe', 'pipe'],
  });
  let said = '';
  child.stdout.on('data', (data) => { said += data; });
  child.stderr.on('data', (data) => { said += data; });
  await until('shibd', () => {
    if (child.exitCode !== null) throw new Error(said);
    return existsSync(join(folder, 'shibd.sock'));
  }, 60000);
  // Apache's own user speaks to it.
  chmodSync(join(folder, 'shibd.sock'), 0o777);
  return child;
}

// The certificate that signs, out of the metadata.
function signingCertificate(metadata) {
  const [, base64] = /<(?:\w+:)?KeyDescriptor[^>]*use="signing"[\s\S]*?<(?:\w+:)?X509Certificate>([^<]+)</.exec(metadata);
  return `-----BEGIN CERTIFICATE-----\n${base64.replace(/\s/g, '').replace(/.{64}/g, '$&\n').trimEnd()}\n-----END CERTIFICATE-----\n`;
}

// places: more <Location>s; settings: attributes of <ApplicationDefaults>; the page prints what the module knows.
export async function startShibboleth(clinic, { places = '', settings = '' } = {}) {
  const folder = mkdtempSync(join(clinic.scratch, 'shib-'));
  chmodSync(folder, 0o777);
  const keys = keyPair(folder);
  const metadata = await metadataOf(clinic);
  writeFileSync(join(folder, 'idp.xml'), metadata);
  writeFileSync(join(folder, 'idp.crt'), signingCertificate(metadata));
  writeFileSync(join(folder, 'shibd.logger'), logger(join(folder, 'shibd.log')));
  writeFileSync(join(folder, 'native.logger'), logger(join(folder, 'native.log')));
  writeFileSync(join(folder, 'attribute-map.xml'), attributeMap);
  let daemon;
  const apache = await startApache(clinic, (base) => {
    writeFileSync(join(folder, 'shibboleth2.xml'), configuration(base, folder, clinic.issuer, settings));
    return `
ShibConfig ${folder}/shibboleth2.xml
ShibCompatValidUser Off
<Directory ${clinic.scratch}>
  Options +Includes
  SetOutputFilter INCLUDES
</Directory>
<Location />
  AuthType shibboleth
  ShibRequestSetting requireSession false
  Require shibboleth
</Location>
<Location /main>
  ShibRequestSetting requireSession true
  Require shib-session
</Location>
${places}`;
  }, {
    modules: { include_module: 'mod_include', mod_shib: 'mod_shib' }, level: 'mod_shib:warn', body: '<pre><!--#printenv --></pre>',
    env: { SHIBSP_RUNDIR: folder, SHIBSP_LOGDIR: folder, SHIBSP_CACHEDIR: folder },
    before: async () => { daemon = await startDaemon(folder); },
  }).catch(async (trouble) => { if (daemon) await stopProgram(daemon); throw trouble; });
  const answer = await fetch(`${apache.base}/Shibboleth.sso/Metadata`);
  const log = () => ['shibd.log', 'native.log'].map((name) => (existsSync(join(folder, name)) ? readFileSync(join(folder, name), 'utf8').slice(-6000) : '')).join('\n') + apache.log();
  const stop = async () => {
    await apache.stop();
    await stopProgram(daemon);
  };
  if (!answer.ok) { await stop(); throw new Error(`mod_shib's metadata: ${answer.status} ${log()}`); }
  return { ...apache, entity: `${apache.base}/shibboleth`, metadata: await answer.text(), keys, log, stop };
}
