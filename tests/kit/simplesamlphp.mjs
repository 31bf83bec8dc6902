// simplesamlphp.mjs: Debian's SimpleSAMLphp on PHP's own server as a SAML service provider of a clinic.
import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { freePort, root, stopProgram, until } from './clinic.mjs';
import { keyPair, metadataOf } from './saml.mjs';

// settings: more of the service provider's, as SimpleSAMLphp names them.
export async function startSimpleSAMLphp(clinic, settings = {}) {
  const folder = mkdtempSync(join(clinic.scratch, 'simplesamlphp-'));
  const port = await freePort();
  const base = `http://localhost:${port}`;
  keyPair(folder);
  for (const name of ['config', 'log', 'data', 'tmp', 'metadata', 'sessions']) mkdirSync(join(folder, name));
  writeFileSync(join(folder, 'idp.xml'), await metadataOf(clinic));
  writeFileSync(join(folder, 'config/story.json'), JSON.stringify({
    folder, base, sp: { entityID: `${base}/sp`, idp: `${clinic.issuer}/saml/metadata`, privatekey: 'sp.key', certificate: 'sp.crt', 'signature.algorithm': 'http://www.w3.org/2001/04/xmldsig-more#rsa-sha256', ...settings },
  }));
  const kit = join(root, 'tests/kit/simplesamlphp');
  for (const name of ['config.php', 'authsources.php']) writeFileSync(join(folder, 'config', name), `<?php require '${kit}/${name}';\n`);
  const child = spawn('php', ['-d', `session.save_path=${folder}/sessions`, '-S', `127.0.0.1:${port}`, '-t', kit, join(kit, 'router.php')], {
    env: { ...process.env, SIMPLESAMLPHP_CONFIG_DIR: join(folder, 'config') }, stdio: ['ignore', 'pipe', 'pipe'],
  });
  let said = '';
  child.stdout.on('data', (data) => { said += data; });
  child.stderr.on('data', (data) => { said += data; });
  const stop = () => stopProgram(child);
  const metadata = await until('SimpleSAMLphp', async () => {
    if (child.exitCode !== null) throw new Error(said);
    const answer = await fetch(`${base}/simplesaml/module.php/saml/sp/metadata.php/story`);
    const text = await answer.text();
    if (!answer.ok) throw new Error(`${answer.status} ${text.slice(0, 2000)} ${said}`);
    return text;
  }).catch(async (trouble) => { await stop(); throw trouble; });
  return { base, entity: `${base}/sp`, metadata, log: () => said, stop };
}
