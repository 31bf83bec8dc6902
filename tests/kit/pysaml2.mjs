// pysaml2.mjs: a service provider of Debian's python3-pysaml2 (pysaml2.py).
import { spawn } from 'node:child_process';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { freePort, root, stopProgram, until } from './clinic.mjs';
import { keyPair, metadataOf } from './saml.mjs';

export async function startPysaml2(clinic) {
  const folder = mkdtempSync(join(clinic.scratch, 'pysaml2-'));
  const port = await freePort();
  const base = `http://localhost:${port}`;
  const keys = keyPair(folder);
  writeFileSync(join(folder, 'idp.xml'), await metadataOf(clinic));
  const child = spawn('/usr/bin/python3', [join(root, 'tests/kit/pysaml2.py'), folder, String(port), `${clinic.issuer}/saml/metadata`], {
    env: { ...process.env, PYTHONDONTWRITEBYTECODE: '1' }, stdio: ['ignore', 'pipe', 'pipe'],
  });
  let said = '';
  child.stdout.on('data', (data) => { said += data; });
  child.stderr.on('data', (data) => { said += data; });
  const stop = () => stopProgram(child);
  const metadata = await until('pysaml2', async () => {
    if (child.exitCode !== null) throw new Error(said);
    const answer = await fetch(`${base}/metadata`);
    const text = await answer.text();
    if (!answer.ok) throw new Error(`${answer.status} ${text} ${said}`);
    return text;
  }).catch(async (trouble) => { await stop(); throw trouble; });
  return { base, entity: `${base}/sp`, metadata, keys, log: () => said, stop };
}
