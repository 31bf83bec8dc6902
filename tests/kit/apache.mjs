// apache.mjs: Debian's Apache with a module for sign-in on a free port, its folder in the clinic's scratch.
import { spawn } from 'node:child_process';
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { freePort, stopProgram, until } from './clinic.mjs';

const library = '/usr/lib/apache2/modules';

// protect: text inside the server, with ${base} known through the function. modules: more of Debian's, by LoadModule's own
// name; body: what each page shows below its heading; before: what must run before Apache.
export async function startApache(clinic, protect, { modules = { auth_openidc_module: 'mod_auth_openidc' }, level = 'auth_openidc:debug', body = '', env = {}, before } = {}) {
  const port = await freePort();
  const base = `http://localhost:${port}`;
  const folder = join(clinic.scratch, `apache-${port}`);
  mkdirSync(join(folder, 'html'), { recursive: true });
  mkdirSync(join(folder, 'cache'), { recursive: true });
  chmodSync(clinic.scratch, 0o711);
  for (const place of [folder, join(folder, 'html'), join(folder, 'cache')]) chmodSync(place, 0o777);
  for (const page of ['index', 'main', 'west', 'billing']) {
    mkdirSync(join(folder, 'html', page), { recursive: true });
    writeFileSync(join(folder, 'html', page, 'index.html'), `<h1 id="page">${page}</h1>${body}`);
  }
  writeFileSync(join(folder, 'apache.conf'), `
ServerRoot ${folder}
ServerName localhost
PidFile ${folder}/pid
Mutex file:${folder}
DefaultRuntimeDir ${folder}
User www-data
Group www-data
Listen 127.0.0.1:${port}
LoadModule mpm_event_module ${library}/mod_mpm_event.so
LoadModule authn_core_module ${library}/mod_authn_core.so
LoadModule authz_core_module ${library}/mod_authz_core.so
LoadModule authz_user_module ${library}/mod_authz_user.so
LoadModule dir_module ${library}/mod_dir.so
${Object.entries(modules).map(([name, file]) => `LoadModule ${name} ${library}/${file}.so`).join('\n')}
ErrorLog ${folder}/error.log
LogLevel warn ${level}
DocumentRoot ${folder}/html
${protect(base, folder)}
`);
  await before?.();
  const child = spawn('apache2', ['-X', '-f', join(folder, 'apache.conf')], { env: { ...process.env, ...env }, stdio: ['ignore', 'pipe', 'pipe'] });
  let said = '';
  child.stderr.on('data', (data) => { said += data; });
  child.stdout.on('data', (data) => { said += data; });
  const stop = () => stopProgram(child);
  await until('Apache', async () => {
    if (child.exitCode !== null) throw new Error(said + readFileSync(join(folder, 'error.log'), 'utf8'));
    return (await fetch(base, { redirect: 'manual' })).status > 0;
  }).catch(async (trouble) => { await stop(); throw trouble; });
  return {
    base, folder, stop, log: () => readFileSync(join(folder, 'error.log'), 'utf8'),
  };
}

// What mod_include's printenv wrote, as an object.
export function variables(text) {
  const found = {};
  for (const line of text.split('\n')) {
    const at = line.indexOf('=');
    if (at > 0) found[line.slice(0, at).replace(/^.*>/, '')] = line.slice(at + 1).replace(/&lt;/g, '<').replace(/&gt;/g, '>').replace(/&amp;/g, '&');
  }
  return found;
}
