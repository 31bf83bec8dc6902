// mellon.mjs: Apache with mod_auth_mellon as a SAML service provider of a clinic.
import { mkdirSync, mkdtempSync, chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { startApache } from './apache.mjs';
import { keyPair, metadataOf } from './saml.mjs';

// places: more <Location>s; the page prints what the module knows (mod_include's printenv).
export async function startMellon(clinic, { places = '', settings = '' } = {}) {
  const folder = mkdtempSync(join(clinic.scratch, 'mellon-'));
  chmodSync(folder, 0o777);
  const keys = keyPair(folder);
  const idp = await metadataOf(clinic);
  writeFileSync(join(folder, 'idp.xml'), idp);
  mkdirSync(join(folder, 'posts'));
  const apache = await startApache(clinic, (base) => `
MellonLockFile ${folder}/lock
MellonPostDirectory ${folder}/posts
<Directory ${clinic.scratch}>
  Options +Includes
  SetOutputFilter INCLUDES
</Directory>
<Location />
  AuthType Mellon
  Require all granted
  MellonEnable info
  MellonEndpointPath /mellon
  MellonSPentityId ${base}/mellon/metadata
  MellonSPPrivateKeyFile ${keys.key}
  MellonSPCertFile ${keys.certificate}
  MellonIdPMetadataFile ${folder}/idp.xml
  MellonSignatureMethod rsa-sha256
  MellonMergeEnvVars On
  MellonSetEnvNoPrefix PRACTICE urn:lanyard:attr:practice_id
  MellonSetEnvNoPrefix ROLES urn:lanyard:attr:roles
  MellonSetEnvNoPrefix ROLES_AT urn:lanyard:attr:roles_at
  ${settings}
</Location>
<Location /main>
  MellonEnable auth
  Require valid-user
</Location>
${places}`, {
    modules: { include_module: 'mod_include', auth_mellon_module: 'mod_auth_mellon' }, level: 'auth_mellon:debug', body: '<pre><!--#printenv --></pre>',
  });
  const answer = await fetch(`${apache.base}/mellon/metadata`);
  if (!answer.ok) { await apache.stop(); throw new Error(`mellon's metadata: ${answer.status} ${apache.log()}`); }
  return { ...apache, entity: `${apache.base}/mellon/metadata`, metadata: await answer.text(), keys, idp };
}
