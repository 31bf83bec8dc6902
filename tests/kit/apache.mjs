// apache.mjs: Debian's Apache with mod_auth_openidc on a free port, its folder in the clinic's scratch.
import { spawn } from 'node:child_process';
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { freePort, until } from './clinic.mjs';

const modules = '/usr/lib/apache2/modules';

// protect: text inside the server, with ${base} known through the function.
export async function startApache(clinic, protect) {
  const port = await freePort();
  const base = `http://localhost:${port}`;
  const folder = join(clinic.scratch, `apache-${port}`);
  mkdirSync(join(folder, 'html'), { recursive: true });
  mkdirSync(join(folder, 'cache'), { recursive: true });
  chmodSync(clinic.scratch, 0o711);
  for (const place of [folder, join(folder, 'html'), join(folder, 'cache')]) chmodSync(place, 0o777);
  for (const page of ['index', 'main', 'west', 'billing']) {
    mkdirSync(join(folder, 'html', page), { recursive: true });
    writeFileSync(join(folder, 'html', page, 'index.html'), `<h1 id="page">${page}</h1>`);
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
LoadModule mpm_event_module ${modules}/mod_mpm_event.so
LoadModule authn_core_module ${modules}/mod_authn_core.so
LoadModule authz_core_module ${modules}/mod_authz_core.so
LoadModule authz_user_module ${modules}/mod_authz_user.so
LoadModule dir_module ${modules}/mod_dir.so
LoadModule auth_openidc_module ${modules}/mod_auth_openidc.so
ErrorLog ${folder}/error.log
LogLevel warn auth_openidc:debug
DocumentRoot ${folder}/html
${protect(base, folder)}
`);
  const child = spawn('apache2', ['-X', '-f', join(folder, 'apache.conf')], { stdio: ['ignore', 'pipe', 'pipe'] });
  let said = '';
  child.stderr.on('data', (data) => { said += data; });
  child.stdout.on('data', (data) => { said += data; });
  await until('Apache', async () => {
    if (child.exitCode !== null) throw new Error(said + readFileSync(join(folder, 'error.log'), 'utf8'));
    return (await fetch(base, { redirect: 'manual' })).status > 0;
  });
  return {
    base, log: () => readFileSync(join(folder, 'error.log'), 'utf8'),
    stop: async () => { child.kill('SIGTERM'); await new Promise((done) => (child.exitCode !== null ? done() : child.once('exit', done))); },
  };
}
