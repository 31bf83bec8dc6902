// demo-app.mjs: the demo relying app beside a clinic, on a free port, registered there.
import { spawn } from 'node:child_process';
import { createWriteStream, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { build, freePort, until } from './clinic.mjs';

export async function startDemoApp(clinic) {
  const port = await freePort();
  const base = `http://localhost:${port}`;
  const applied = clinic.apply({ apps: [{
    client_id: 'demo', name: 'Demo app', type: 'oidc', practices: ['northside', 'riverside'],
    redirect_uris: [`${base}/callback`], post_logout_redirect_uris: [`${base}/`], backchannel_logout_uri: `${base}/backchannel-logout`,
    client_secret: 'a-demo-secret-for-a-story-only-000', token_endpoint_auth_method: 'client_secret_basic',
    grant_types: ['authorization_code', 'refresh_token'], scopes: ['openid', 'profile', 'email', 'clinic', 'roles', 'offline_access'],
    first_party: true, require_pkce: true,
  }] });
  if (applied.code !== 0) throw new Error(applied.err + applied.out);
  const secret = join(clinic.scratch, 'demo-secret');
  writeFileSync(secret, 'a-demo-secret-for-a-story-only-000\n');
  const child = spawn(join(build, 'relying-app'), ['--issuer', clinic.issuer, '--client-id', 'demo', '--secret-file', secret, '--port', String(port), '--url', base],
    { stdio: ['ignore', 'pipe', 'pipe'] });
  const log = createWriteStream(join(clinic.scratch, 'demo-app.log'));
  child.stdout.pipe(log);
  child.stderr.pipe(log);
  await until('the demo app', async () => (await fetch(base, { redirect: 'manual' })).status < 500);
  return { base, stop: () => child.kill('SIGTERM') };
}
