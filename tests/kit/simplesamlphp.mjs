// simplesamlphp.mjs: Debian's SimpleSAMLphp on PHP's own server as a SAML service provider of a clinic, or as an identity provider
// that its people come from.
import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { freePort, root, stopProgram, until } from './clinic.mjs';
import { keyPair, metadataOf } from './saml.mjs';

const algorithm = 'http://www.w3.org/2001/04/xmldsig-more#rsa-sha256';

async function start(clinic, { story, files, metadataAt }) {
  const folder = mkdtempSync(join(clinic.scratch, 'simplesamlphp-'));
  const port = await freePort();
  const base = `http://localhost:${port}`;
  keyPair(folder);
  for (const name of ['config', 'log', 'data', 'tmp', 'metadata', 'sessions']) mkdirSync(join(folder, name));
  const tell = (told) => writeFileSync(join(folder, 'config/story.json'), JSON.stringify({ folder, base, ...told }));
  tell(story(base, folder));
  const kit = join(root, 'tests/kit/simplesamlphp');
  for (const [place, name] of files) writeFileSync(join(folder, place, name), `<?php require '${kit}/${name}';\n`);
  const child = spawn('php', ['-d', `session.save_path=${folder}/sessions`, '-S', `127.0.0.1:${port}`, '-t', kit, join(kit, 'router.php')], {
    env: { ...process.env, SIMPLESAMLPHP_CONFIG_DIR: join(folder, 'config') }, stdio: ['ignore', 'pipe', 'pipe'],
  });
  let said = '';
  child.stdout.on('data', (data) => { said += data; });
  child.stderr.on('data', (data) => { said += data; });
  const stop = () => stopProgram(child);
  const metadata = await until('SimpleSAMLphp', async () => {
    if (child.exitCode !== null) throw new Error(said);
    const answer = await fetch(`${base}/simplesaml/${metadataAt}`);
    const text = await answer.text();
    if (!answer.ok) throw new Error(`${answer.status} ${text.slice(0, 2000)} ${said}`);
    return text;
  }).catch(async (trouble) => { await stop(); throw trouble; });
  return { base, folder, tell, metadata, log: () => said, stop };
}

// settings: more of the service provider's, as SimpleSAMLphp names them.
export async function startSimpleSAMLphp(clinic, settings = {}) {
  const idp = await metadataOf(clinic);
  const sp = (base) => ({ entityID: `${base}/sp`, idp: `${clinic.issuer}/saml/metadata`, privatekey: 'sp.key', certificate: 'sp.crt', 'signature.algorithm': algorithm, ...settings });
  const php = await start(clinic, {
    story: (base, folder) => { writeFileSync(join(folder, 'idp.xml'), idp); return { sp: sp(base) }; },
    files: [['config', 'config.php'], ['config', 'authsources.php']], metadataAt: 'module.php/saml/sp/metadata.php/story',
  });
  return { ...php, entity: `${php.base}/sp` };
}

// The other way round. idp.is(person): who sits before it; idp.trust(our metadata): whom it answers; idp.set(settings): more of
// its own, as SimpleSAMLphp names them.
export async function startSimpleSAMLphpProvider(clinic, settings = {}) {
  const told = {
    config: { 'enable.saml20-idp': true, 'module.enable': { exampleauth: true }, 'metadata.sources': [{ type: 'flatfile' }] },
    person: { uid: ['nobody'] }, idp: { ...settings },
  };
  const php = await start(clinic, { story: () => told, files: [['config', 'config.php'], ['config', 'authsources.php'], ['metadata', 'saml20-idp-hosted.php']], metadataAt: 'saml2/idp/metadata.php' });
  const is = ({ subject, attributes }) => { told.person = Object.fromEntries(Object.entries({ uid: subject, ...attributes }).map(([name, values]) => [name, [values].flat()])); php.tell(told); };
  const set = (more) => { Object.assign(told.idp, more); php.tell(told); };
  const trust = (metadata) => {
    writeFileSync(join(php.folder, 'them.xml'), metadata);
    told.config['metadata.sources'] = [{ type: 'flatfile' }, { type: 'xml', file: join(php.folder, 'them.xml') }];
    php.tell(told);
  };
  return { ...php, entity: `${php.base}/idp`, is, set, trust };
}
