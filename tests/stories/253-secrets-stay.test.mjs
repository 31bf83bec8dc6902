// Passwords, secrets, codes, tokens, cookies and keys are nowhere but where they belong: not in the log at its loudest,
// not in the store, its journal or a dump, not in arguments, environment, metrics, fault pages or what commands print
// (security.md D13, I9, A-5).
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { randomBytes, randomUUID } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { Agent, formOf } from '../kit/agent.mjs';
import { startClinic, stores } from '../kit/clinic.mjs';
import { ecKey, publicJwk, signed } from '../kit/forge.mjs';
import { app, authorize, authorizeUrl, basic, bearer, cookieOf, get, introspect, post, redirect, register, request, rows, userinfo } from '../kit/hostile.mjs';

const loginForm = /<form[^>]*id="login-form"[^>]*>/;
const canary = (what) => `canary-${what}-${randomBytes(9).toString('hex')}`;
const assertionType = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer';

// A secret as it could be written down: as it is, escaped, or in base64 or hex.
function spellings(secret) {
  const bytes = Buffer.from(secret);
  const list = [secret, encodeURIComponent(secret), bytes.toString('base64'), bytes.toString('base64url'), bytes.toString('hex'), bytes.toString('hex').toUpperCase(), JSON.stringify(secret).slice(1, -1)];
  if (secret.includes('.')) list.push(secret.split('.').at(-1));
  return [...new Set(list)].filter((text) => text.length >= 12);
}

// Every place that outlives a request, by name.
async function places(clinic) {
  const [node] = clinic.nodes;
  const { pid } = node.process;
  const found = { log: readFileSync(node.log), cmdline: readFileSync(`/proc/${pid}/cmdline`), environ: readFileSync(`/proc/${pid}/environ`), metrics: Buffer.from(await (await fetch(`${node.admin}/metrics`)).text()) };
  if (clinic.store === 'sqlite') {
    const file = clinic.address.replace('sqlite:', '');
    for (const end of ['', '-wal', '-shm', '-journal']) if (existsSync(file + end)) found[`file${end}`] = readFileSync(file + end);
  } else {
    const address = clinic.address.replace('postgresql://clinic@', 'postgresql://lanyard@');
    found.dump = execFileSync('pg_dump', [address], { maxBuffer: 1 << 28 });
    found['server log'] = readFileSync(join(decodeURIComponent(/[?&]host=([^&]+)/.exec(address)[1]), 'server.log'));
  }
  for (const args of [['export'], ['export', '--with-hashes'], ['app', 'show', 'story'], ['app', 'list'], ['user', 'list', '--practice', 'northside'], ['user', 'show', 'sweep@northside.example'], ['session', 'list', '--practice', 'northside'], ['keys', 'list'], ['doctor'], ['config', 'show']]) {
    const { out, err } = clinic.command(...args);
    found[`lanyard ${args.join(' ')}`] = Buffer.from(out + err);
  }
  return found;
}

for (const store of stores) {
  test(`no secret is left anywhere (${store})`, async (t) => {
    const clinic = await startClinic({ store, env: { LANYARD_LOG_LEVEL: 'debug' } });
    t.after(() => clinic.stop());
    const secrets = new Map();
    const keep = (what, value) => { assert.ok(value, what); secrets.set(what, value); return value; };

    const key = ecKey();
    const password = keep('password', canary('password'));
    const secret = keep('client secret', canary('client-secret'));
    const me = { username: 'sweep@northside.example', password };
    register(clinic, app('story', { client_secret: secret }), app('third', { first_party: false }), app('keyed', { client_secret: undefined, token_endpoint_auth_method: 'private_key_jwt', jwks: { keys: [publicJwk(key, { kid: 'k' })] }, practices: ['northside'] }));
    const staff = clinic.apply({ practices: [{ id: 'northside', staff: [{ email: me.username, given_name: 'Sue', family_name: 'Weep', class: 'staff', password, assignments: [{ role: 'provider', locations: 'all' }] }] }] });
    assert.equal(staff.code, 0, staff.err);
    const credentials = basic('story', secret);
    const agent = new Agent();

    const refusals = [];
    const refused = (what, answer) => { refusals.push([what, answer]); return answer; };

    await t.test('a day of sign-ins, tokens and mistakes', async () => {
      // A sign-in with all its handles.
      const { form, verifier } = await authorize(clinic, agent, {}, me);
      keep('code', form.code);
      keep('code verifier', verifier);
      for (const name of ['lanyard-session', 'lanyard-flow']) keep(name, cookieOf(agent, clinic, name));
      const { json: first } = await post(clinic, '/oauth2/token', form, credentials);
      for (const name of ['access_token', 'id_token', 'refresh_token']) keep(name, first[name]);
      const { json: next } = await post(clinic, '/oauth2/token', { grant_type: 'refresh_token', refresh_token: first.refresh_token }, credentials);
      keep('second access token', next.access_token);
      keep('second refresh token', next.refresh_token);
      assert.equal((await userinfo(clinic, next.access_token)).status, 200);
      assert.equal((await post(clinic, '/oauth2/introspect', { token: next.refresh_token }, credentials)).json.active, true);

      // Consent, a pushed request, an assertion, an app's own token.
      const page = await agent.follow(authorizeUrl(clinic, request({ client_id: 'third' }).parameters));
      keep('form token', formOf(page.text).fields.csrf);
      await agent.submit(page, { decision: 'allow' });
      const pushed = await post(clinic, '/oauth2/par', request().parameters, credentials);
      keep('request_uri', pushed.json.request_uri.split(':').at(-1));
      const now = Math.floor(Date.now() / 1000);
      const assertion = keep('assertion', signed({ alg: 'ES256', kid: 'k' }, { iss: 'keyed', sub: 'keyed', aud: clinic.issuer, jti: randomUUID(), exp: now + 60 }, key));
      const machine = await post(clinic, '/oauth2/token', { grant_type: 'client_credentials', client_assertion_type: assertionType, client_assertion: assertion });
      keep('app\'s own token', machine.json.access_token);

      // A new account with a password shown once, changed at the first sign-in.
      const made = clinic.must('user', 'add', 'new@northside.example', '--role', 'provider', '--location', 'main', '--practice', 'northside').json;
      keep('password shown once', made.password);
      const changed = keep('changed password', canary('changed'));
      const other = new Agent();
      const change = await other.submit(await other.follow(authorizeUrl(clinic, request().parameters)), { username: made.email, password: made.password }, loginForm);
      await other.submit(change, { new_password: changed, new_password_again: `${changed}x` });
      const done = await other.submit(change, { new_password: changed, new_password_again: changed });
      assert.match(done.location ?? '', /code=/, done.text);
      keep('second session', cookieOf(other, clinic, 'lanyard-session'));
      keep('password by command', clinic.must('user', 'reset-password', made.email).json.password);
      keep('rotated secret', clinic.must('app', 'rotate-secret', 'third').json.client_secret ?? Object.values(clinic.must('app', 'rotate-secret', 'third').json).find((value) => /^[\w-]{30,}$/.test(value)));

      // Mistakes: secrets in the wrong place, or wrong ones.
      const wrong = keep('wrong password', canary('wrong'));
      const login = await new Agent().follow(authorizeUrl(clinic, request().parameters));
      assert.match(login.text, loginForm);
      const stranger = new Agent();
      const again = await stranger.follow(authorizeUrl(clinic, request().parameters));
      refused('a wrong password', await stranger.submit(again, { ...me, password: wrong }, loginForm));
      refused('a password in the name of an app', await post(clinic, '/oauth2/token', { grant_type: 'password', username: me.username, password: wrong }, credentials));
      refused('a wrong secret', await post(clinic, '/oauth2/token', form, basic('story', keep('wrong secret', canary('wrong-secret')))));
      refused('a secret by the wrong way', await post(clinic, '/oauth2/token', { ...form, client_id: 'story', client_secret: keep('secret in a form', canary('form-secret')) }));
      refused('a secret in the address', await get(clinic, `/oauth2/token?client_id=story&client_secret=${keep('secret in an address', canary('address-secret'))}`));
      refused('a token in the address', await get(clinic, `/oauth2/userinfo?access_token=${next.access_token}`));
      refused('a code in the address of a page', await get(clinic, `/login?code=${form.code}&password=${wrong}`));
      refused('a token as a path', await get(clinic, '/oauth2/userinfo', bearer(`${next.access_token.slice(0, -6)}AAAAAA`)));
      refused('a code twice', await post(clinic, '/oauth2/token', form, credentials));
      refused('a refresh token of before', await post(clinic, '/oauth2/token', { grant_type: 'refresh_token', refresh_token: first.refresh_token }, credentials));
      refused('an assertion twice', await post(clinic, '/oauth2/token', { grant_type: 'client_credentials', client_assertion_type: assertionType, client_assertion: assertion }));
      refused('a hint that is none', await get(clinic, `/oauth2/logout?id_token_hint=${first.id_token.slice(0, -3)}AAA`));
      refused('a repeated secret', await post(clinic, '/oauth2/token', `client_secret=${secret}&client_secret=${secret}`, credentials));
      refused('a session cookie that was cut', await get(clinic, '/', { cookie: `lanyard-session=${cookieOf(agent, clinic, 'lanyard-session').slice(0, -2)}` }));
      refused('a redirect_uri with a token', await get(clinic, `/oauth2/authorize?client_id=story&response_type=code&redirect_uri=${encodeURIComponent(`${redirect}?x=${keep('secret in a redirect', canary('redirect'))}`)}`));
      assert.equal((await introspect(clinic, 'x', 'third')).active, undefined, 'the old secret of a rotated app is gone');
    });

    await t.test('the master key and the private keys are only where they belong', async () => {
      keep('master key', readFileSync(join(clinic.scratch, 'master.key'), 'utf8').trim());
      const keys = rows(clinic, 'SELECT kid, public_jwk FROM signing_key');
      assert.ok(keys.length >= 2);
      for (const row of keys) for (const member of ['d', 'p', 'q', 'dp', 'dq', 'qi', 'k']) assert.equal(JSON.parse(row.public_jwk)[member], undefined, member);
      for (const published of (await get(clinic, '/oauth2/jwks')).json.keys) for (const member of ['d', 'p', 'q', 'dp', 'dq', 'qi', 'k']) assert.equal(published[member], undefined, member);
      for (const [place, bytes] of Object.entries(await places(clinic))) {
        assert.doesNotMatch(bytes.toString('latin1'), /"d" ?: ?"[\w-]{40,}"|BEGIN (EC |RSA |)PRIVATE KEY/, place);
      }
    });

    await t.test('a sweep that reads something finds no secret', async () => {
      const all = await places(clinic);
      // What must be there, or the sweep looks in the wrong places.
      assert.ok(all.log.includes('request.refused') && all.log.includes('"level":"debug"'), 'the log at its loudest');
      const stored = Buffer.concat(Object.entries(all).filter(([place]) => /^file|^dump/.test(place)).map(([, bytes]) => bytes));
      assert.ok(stored.includes(me.username) && stored.includes('auth.login.ok'), 'the store');
      assert.ok(all.metrics.includes('lanyard_'), 'metrics');
      assert.ok(all.cmdline.includes('serve') && all.environ.includes('LANYARD_LOG_LEVEL'));
      assert.ok(secrets.size > 20, `${secrets.size} secrets`);

      const leaks = [];
      for (const [what, value] of secrets) {
        for (const text of spellings(value)) {
          for (const [place, bytes] of Object.entries(all)) if (bytes.includes(text)) leaks.push(`${what} in ${place}: …${bytes.subarray(Math.max(0, bytes.indexOf(text) - 60), bytes.indexOf(text) + 30).toString('latin1')}…`);
        }
      }
      assert.deepEqual(leaks, []);
    });

    await t.test('fault answers tell no secret back', async () => {
      assert.ok(refusals.length >= 14);
      for (const [name, answer] of refusals) {
        const all = answer.text + JSON.stringify([...answer.headers]);
        for (const [what, value] of secrets) if (what !== 'form token' && !what.startsWith('lanyard-')) assert.ok(!all.includes(value), `${what} in the answer to ${name}`);
      }
    });

    await t.test('the process leaves no core and cannot be read by its neighbours', async () => {
      const { pid } = clinic.nodes[0].process;
      assert.match(readFileSync(`/proc/${pid}/limits`, 'utf8'), /Max core file size +0 +0/);
      const mode = execFileSync('stat', ['-c', '%a', join(clinic.scratch, 'master.key')], { encoding: 'utf8' }).trim();
      assert.equal(mode, '600');
      if (clinic.store === 'sqlite') assert.match(execFileSync('stat', ['-c', '%a', clinic.address.replace('sqlite:', '')], { encoding: 'utf8' }), /^6[04]0/);
    });
  });
}
