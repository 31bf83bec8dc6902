// What happened is on record: every operation leaves exactly its rows, whatever was written into its fields; and what
// cannot be recorded does not happen (security.md I4, A-1, A-2; HIPAA 164.312(b)).
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import http from 'node:http';
import { test } from 'node:test';
import { Agent, errorCode } from '../kit/agent.mjs';
import { people, startClinic, stores, until } from '../kit/clinic.mjs';
import { app, authorize, authorizeUrl, basic, claimsOf, cookieOf, events, get, henry, introspect, post, register, request, rows, signedIn, tokens, userinfo } from '../kit/hostile.mjs';

const loginForm = /<form[^>]*id="login-form"[^>]*>/;
const consentForm = /<form[^>]*id="consent-form"[^>]*>/;
const north = ['--practice', 'northside'];
const refresh = (clinic, token, id = 'story') => post(clinic, '/oauth2/token', { grant_type: 'refresh_token', refresh_token: token }, basic(id));

async function told(failures) {
  let left = failures;
  const server = http.createServer((ask, answer) => { ask.resume(); ask.on('end', () => answer.writeHead(left-- > 0 ? 503 : 200).end()); });
  await new Promise((done) => server.listen(0, '127.0.0.1', done));
  return { url: `http://localhost:${server.address().port}/bc`, stop: () => { server.closeAllConnections(); server.close(); } };
}

// A browser that says about itself what it is given.
class Named extends Agent {
  constructor(name) { super(); this.name = name; }

  send(url, options = {}) { return super.send(url, { ...options, headers: { 'user-agent': this.name, ...options.headers } }); }
}

for (const store of stores) {
  test(`each operation leaves exactly its rows (${store})`, async (t) => {
    const clinic = await startClinic({ store });
    const bc = await told(0);
    t.after(async () => { bc.stop(); await clinic.stop(); });
    register(clinic, app('story'), app('near', { practices: ['northside'] }), app('third', { first_party: false }), app('told', { backchannel_logout_uri: bc.url }), app('off'));
    const agent = new Agent();
    let mine;
    let spare;

    // [operation, what it does, rows: "type practice outcome reason"].
    const operations = [
      ['a sign-in with a password', async () => { spare = await authorize(clinic, agent); }, ['auth.login.ok northside ok', 'session.start northside ok', 'code.issue northside ok']],
      ['a code', async () => { mine = (await post(clinic, '/oauth2/token', spare.form, basic('story'))).json; }, ['token.issue northside ok']],
      ['a second code from the session', async () => { spare = await authorize(clinic, agent); }, ['code.issue northside ok']],
      ['a code for another app', async () => { await post(clinic, '/oauth2/token', spare.form, basic('near')); }, ['token.issue northside deny code_not_yours']],
      ['that code again', async () => { await post(clinic, '/oauth2/token', spare.form, basic('story')); }, ['code.reuse northside deny code_invalid']],
      ['a code that is not there', async () => { await post(clinic, '/oauth2/token', { ...spare.form, code: `1.${'A'.repeat(43)}` }, basic('story')); }, []],
      ['a refresh', async () => { spare = mine.refresh_token; mine = (await refresh(clinic, mine.refresh_token)).json; }, ['token.refresh northside ok']],
      ['the same refresh again at once', async () => { await refresh(clinic, spare); }, ['token.refresh northside ok repeated']],
      ['reading: userinfo, introspection, keys, discovery', async () => { await userinfo(clinic, mine.access_token); await introspect(clinic, mine.access_token); await get(clinic, '/oauth2/jwks'); await get(clinic, '/.well-known/openid-configuration'); }, []],
      ['a refresh token of an app in other hands', async () => { await refresh(clinic, mine.refresh_token, 'near'); }, ['token.refresh.reuse northside deny foreign_client']],
      ['new tokens', async () => { mine = await tokens(clinic, agent); }, ['code.issue northside ok', 'token.issue northside ok']],
      ['giving them back', async () => { await post(clinic, '/oauth2/revoke', { token: mine.refresh_token }, basic('story')); }, ['token.revoke northside ok']],
      ['giving them back again', async () => { await post(clinic, '/oauth2/revoke', { token: mine.refresh_token }, basic('story')); }, []],
      ['an app\'s own token', async () => { spare = (await post(clinic, '/oauth2/token', { grant_type: 'client_credentials', tenant: 'northside' }, basic('story'))).json; }, ['token.client northside ok']],
      ['giving that back', async () => { await post(clinic, '/oauth2/revoke', { token: spare.access_token }, basic('story')); }, ['token.revoke northside ok']],
      ['a wrong secret', async () => { await post(clinic, '/oauth2/introspect', { token: 'x' }, basic('off', 'x')); }, ['client.auth.fail - fail']],
      ['an app that is not there', async () => { await post(clinic, '/oauth2/introspect', { token: 'x' }, basic('nobody', 'x')); }, ['client.auth.fail - fail']],
      ['a pushed request', async () => { await post(clinic, '/oauth2/par', request({ tenant: 'northside' }).parameters, basic('story')); }, ['request.push northside ok']],
      ['a wrong password', async () => { await signIn(clinic, new Agent(), { ...people.ada, password: 'x' }); }, ['auth.login.fail northside fail wrong_password']],
      ['nobody\'s password', async () => { await signIn(clinic, new Agent(), { username: 'nobody@northside.example', password: 'x' }); }, ['auth.login.fail - fail unknown']],
      ['a disabled account', async () => { await signIn(clinic, new Agent(), { username: 'dana@northside.example', password: people.ada.password }); }, ['auth.login.fail northside fail disabled']],
      ['two halves of one address, wrong', async () => { await signIn(clinic, new Agent(), { username: 'sam@locum.example', password: 'x' }); }, ['auth.login.fail northside fail wrong_password', 'auth.login.fail riverside fail wrong_password']],
      ['an app of others, allowed', async () => { await agent.submit(await agent.follow(authorizeUrl(clinic, request({ client_id: 'third' }).parameters)), { decision: 'allow' }, consentForm); }, ['code.issue northside ok', 'consent.give northside ok']],
      ['an app of others, declined', async () => { await agent.submit(await agent.follow(authorizeUrl(clinic, request({ client_id: 'third', prompt: 'consent' }).parameters)), { decision: 'deny' }, consentForm); }, ['consent.deny northside deny denied']],
      ['a location where she does not stand', async () => { await agent.follow(authorizeUrl(clinic, request({ location: 'main' }).parameters)); clinic.must('location', 'add', 'annex', ...north, '--name', 'Annex'); await agent.send(authorizeUrl(clinic, request({ location: 'annex', prompt: 'none' }).parameters)); }, ['authz.deny northside deny no_access', 'code.issue northside ok', 'config.change.location northside ok']],
      ['a fresh sign-in in the same session', async () => { await signIn(clinic, agent, people.ada, { prompt: 'login' }); }, ['auth.login.ok northside ok', 'code.issue northside ok', 'session.start northside ok']],
      ['another person at the same browser', async () => { await signIn(clinic, agent, henry, { prompt: 'login' }); }, ['auth.login.ok riverside ok', 'code.issue riverside ok', 'session.end northside ok', 'session.start riverside ok']],
      ['signing out', async () => { await agent.submit(await agent.follow(`${clinic.issuer}/logout`), {}); }, ['auth.logout riverside ok', 'session.end riverside ok']],
      ['signing out when nobody is signed in', async () => { await agent.follow(`${clinic.issuer}/oauth2/logout`); }, []],
      ['an app that is told of a sign-out', async () => { const one = await signedIn(clinic, people.ada, { client_id: 'told' }); await one.submit(await one.follow(`${clinic.issuer}/logout`), {}); await until('the message', () => events(clinic).at(-1).type.startsWith('logout.send')); },
        ['auth.login.ok northside ok', 'auth.logout northside ok', 'code.issue northside ok', 'logout.send.ok northside ok', 'session.end northside ok', 'session.start northside ok']],
    ];
    const commands = [
      [['user', 'add', 'n@northside.example', '--role', 'provider', '--location', 'main', ...north], ['account.create northside ok', 'role.grant northside ok']],
      [['user', 'add', 'n@northside.example', '--role', 'provider', '--location', 'main', ...north], []],
      [['user', 'set', 'n@northside.example', '--given-name', 'Nora', ...north], ['account.change northside ok']],
      [['user', 'set', 'n@northside.example', '--given-name', 'Nora', ...north], []],
      [['user', 'set', 'n@northside.example', '--role', 'front-desk', '--location', 'west', ...north], ['role.grant northside ok', 'role.revoke northside ok']],
      [['grant', 'n@northside.example', 'billing', '--location', 'main', ...north], ['role.grant northside ok']],
      [['ungrant', 'n@northside.example', 'billing', ...north], ['role.revoke northside ok']],
      [['user', 'disable', 'n@northside.example', ...north], ['account.disable northside ok']],
      [['user', 'enable', 'n@northside.example', ...north], ['account.enable northside ok']],
      [['user', 'unlock', 'n@northside.example', ...north], ['account.unlock northside ok']],
      [['user', 'reset-password', 'n@northside.example', ...north], ['account.password.set northside ok']],
      [['user', 'logout', 'n@northside.example', ...north], ['auth.logout.all northside ok']],
      [['user', 'delete', 'n@northside.example', ...north, '--yes'], ['account.delete northside ok']],
      [['role', 'add', 'scribe', '--name', 'Scribe', '--permission', 'notes:read', ...north], ['role.change northside ok']],
      [['role', 'set', 'scribe', '--name', 'Writer', ...north], ['role.change northside ok']],
      [['role', 'delete', 'scribe', ...north, '--yes'], ['role.delete northside ok']],
      [['location', 'set', 'annex', '--name', 'Garden', ...north], ['config.change.location northside ok']],
      [['location', 'archive', 'annex', ...north], ['config.change.location northside ok']],
      [['practice', 'add', 'third', '--name', 'Third', '--timezone', 'America/Chicago'], ['config.change.practice third ok']],
      [['practice', 'set', 'third', '--disable'], ['config.change.practice third ok']],
      [['practice', 'delete', 'third', '--yes'], ['config.delete.practice third ok']],
      [['app', 'set', 'off', '--disable'], ['config.change.app - ok']],
      [['app', 'rotate-secret', 'off'], ['config.change.secret - ok']],
      [['app', 'delete', 'off', '--yes'], ['config.delete.app - ok']],
      [['keys', 'rotate', '--alg', 'ES256', '--yes'], ['key.rotate - ok']],
      [['logout-all', ...north, '--yes'], ['auth.logout.all northside ok']],
      [['user', 'list', ...north], []], [['export'], []], [['doctor'], []], [['app', 'show', 'story'], []],
      [['grant', 'ada@northside.example', 'manager', '--location', 'nowhere', ...north], []],
    ];
    for (const [args, expected] of commands) operations.push([`lanyard ${args.join(' ')}`, async () => { clinic.command(...args); }, expected]);

    // The app that is told may be told again by a later sign-out; its rows are counted where they belong.
    let seen = events(clinic).length;
    for (const [name, act, expected] of operations) {
      await t.test(`${name}: ${expected.join(', ') || 'nothing'}`, async () => {
        await act();
        const all = events(clinic);
        const fresh = all.slice(seen);
        seen = all.length;
        assert.deepEqual(fresh.map((e) => [e.type, e.practice_id || '-', e.outcome, e.type === 'client.auth.fail' ? undefined : e.body.reason].filter(Boolean).join(' ')).sort(), expected.toSorted());
        for (const event of fresh) {
          const { body } = event;
          assert.deepEqual([body.id, body.type, body.outcome, body.ts, body.tenant], [event.id, event.type, event.outcome, Number(event.at_us), event.practice_id]);
          if (name.startsWith('lanyard')) assert.ok(body.actor.kind === 'operator' && body.actor.sub, 'who did it');
          else if (!event.type.startsWith('logout.send') && !event.type.startsWith('config.')) assert.ok(body.net.ip === '127.0.0.1' && body.corr.request_id, event.type);
        }
      });
    }

    await t.test('changes say what was and what is', () => {
      const change = events(clinic).find((e) => e.type === 'account.change').body.change;
      assert.deepEqual(change.given_name?.at(-1), 'Nora');
    });

    await t.test('nobody can change or delete a row', () => {
      const before = JSON.stringify(events(clinic));
      for (const sql of ["UPDATE event SET outcome = 'ok'", 'DELETE FROM event', "UPDATE event SET body = '{}' WHERE type = 'auth.login.fail'"]) {
        const ran = clinic.store === 'sqlite' ? spawnSync('sqlite3', [clinic.address.replace('sqlite:', ''), sql], { encoding: 'utf8' })
          : spawnSync('psql', [clinic.address.replace('postgresql://clinic@', 'postgresql://lanyard@'), '-qc', `SET ROLE lanyard_app; SET lanyard.practice = 'northside'; ${sql}`], { encoding: 'utf8' });
        assert.notEqual(ran.status, 0, sql);
        assert.match(ran.stderr, /permission denied|append|may not|abort|event/i, sql);
      }
      assert.equal(JSON.stringify(events(clinic)), before);
    });
  });

  test(`whatever is written into the fields, the rows are there (${store})`, async (t) => {
    const clinic = await startClinic({ store, env: { LANYARD_LIMITS_SIGN_IN_TRIES: '100' } });
    t.after(() => clinic.stop());
    register(clinic, app('story'));
    const latin = (text) => Buffer.from(text).toString('latin1');

    const names = [
      ['one letter', 'x'], ['8 KB', 'u'.repeat(8000)], ['8 KB of emoji', latin('🏥'.repeat(2000))], ['emoji', latin('clinic 🏥👩‍⚕️ phone')], ['a cut emoji', latin('🏥').slice(0, 3)], ['bytes that are no UTF-8', '\u00ff\u00fe\u0080\u00c0\u00af'],
      ['an overlong NUL', '\u00c0\u0080'], ['a surrogate', '\u00ed\u00a0\u0080'], ['quotes and braces', '"},{"outcome":"ok","x":"'], ['backslashes', '\\u0000\\\\"\\'], ['a tab', 'a\tb'], ['SQL', "'); DELETE FROM event; --"], ['a format', '%s%n%x%p'], ['markup', '<script>alert(1)</script>'],
      ['an escape sequence', latin('\u009b31m')], ['text from right to left', latin('\u202eevil')], ['a line separator', latin('a\u2028b')],
    ];
    for (const [name, value] of names) {
      await t.test(`a browser called ${name} signs in, and all four rows are there`, async () => {
        const before = events(clinic).length;
        await tokens(clinic, new Named(value));
        const fresh = events(clinic).slice(before);
        assert.deepEqual(fresh.map((e) => e.type).sort(), ['auth.login.ok', 'code.issue', 'session.start', 'token.issue']);
        const { ua } = fresh.find((e) => e.type === 'auth.login.ok').body.net;
        assert.ok(ua.length > 0 && Buffer.byteLength(ua) <= 320, `${Buffer.byteLength(ua)} bytes`);
        assert.doesNotMatch(ua, /[\u0000-\u001f\u007f]/);
      });
    }

    await t.test('a browser with a name of 100 KB is turned away before anything happens', async () => {
      const before = events(clinic).length;
      const answer = await new Named('u'.repeat(100000)).send(`${clinic.issuer}/`).catch((error) => ({ status: error.code }));
      assert.ok([400, 431, 'ECONNRESET', 'EPIPE'].includes(answer.status), String(answer.status));
      assert.equal(events(clinic).length, before);
    });

    // Fields of a request: long, repeated inside, odd.
    const asked = [
      ['one scope 100 times', { scope: Array(100).fill('openid').join(' ') }], ['a kilobyte of scopes', { scope: `openid clinic ${'x'.repeat(900)}` }], ['a state of 4 KB', { state: '🏥'.repeat(1000) }], ['a nonce of a kilobyte', { nonce: '"\\'.repeat(500) }], ['a state with NUL escapes', { state: '\\u0000%2500' }],
      ['a login_hint of markup', { login_hint: '<script>"\'' }], ['languages of 128 letters', { ui_locales: 'e'.repeat(128) }],
    ];
    for (const [name, parameters] of asked) {
      await t.test(`${name}: all four rows`, async () => {
        const before = events(clinic).length;
        await tokens(clinic, new Agent(), parameters);
        assert.deepEqual(events(clinic).slice(before).map((e) => e.type).sort(), ['auth.login.ok', 'code.issue', 'session.start', 'token.issue']);
      });
    }

    // What is typed for an address: [name, value, rows].
    const typed = [
      ['254 letters', `${'a'.repeat(242)}@nowhere.org`, 1], ['255 letters', 'a'.repeat(255), 0], ['3 KB', 'a'.repeat(3000), 0], ['emoji', '🏥@northside.example', 1], ['quotes', '"\'\\@northside.example', 1], ['control characters', 'a\u0001\u001b[31m@x.example', 1],
      ['a line end', 'a\r\nb@x.example', 1], ['JSON', '{"a":1}', 1], ['SQL', "' OR 1=1 --", 1], ['blanks', '   ', 1], ['nothing', '', 0],
    ];
    for (const [name, username, expected] of typed) {
      await t.test(`an address of ${name}: ${expected} row`, async () => {
        const before = events(clinic).length;
        const page = await signIn(clinic, new Agent(), { username, password: 'x' });
        assert.equal(errorCode(page.text), 'sign_in_failed');
        const fresh = events(clinic).slice(before);
        assert.deepEqual(fresh.map((e) => [e.type, e.body.reason]), Array(expected).fill(['auth.login.fail', 'unknown']));
        if (username.trim()) assert.ok(!JSON.stringify(fresh).includes(JSON.stringify(username).slice(1, -1)), 'without what was typed: it might be a password');
      });
    }
    for (const [name, body] of [['a NUL', 'username=a%00b&password=x'], ['bytes that are no UTF-8', 'username=%ff%fe&password=x'], ['an overlong slash', 'username=%c0%af&password=x'], ['a surrogate', 'username=%ed%a0%80&password=x'], ['a broken escape', 'username=%zz&password=x']]) {
      await t.test(`a form with ${name} is no form, and leaves no row`, async () => {
        const before = events(clinic).length;
        const agent = new Agent();
        const page = await agent.follow(authorizeUrl(clinic, request().parameters));
        const flow = new URL(page.url).searchParams.get('flow');
        const csrf = /name="csrf" value="([^"]*)"/.exec(page.text)[1];
        const answer = await agent.send(`${clinic.issuer}/login/password`, { method: 'POST', headers: { 'content-type': 'application/x-www-form-urlencoded' }, body: `flow=${flow}&csrf=${csrf}&${body}` });
        assert.equal(answer.status, 400);
        assert.equal(events(clinic).length, before);
      });
    }

    await t.test('200 parallel grants: 200 rows', async () => {
      const before = events(clinic).length;
      const answers = await Promise.all(Array.from({ length: 200 }, () => post(clinic, '/oauth2/token', { grant_type: 'client_credentials', tenant: 'northside' }, basic('story'))));
      for (const answer of answers) assert.equal(answer.status, 200, answer.text);
      const fresh = events(clinic).slice(before);
      assert.equal(fresh.length, 200);
      assert.equal(new Set(fresh.map((e) => e.body.jti ?? e.body.corr.jti)).size, 200);
      assert.deepEqual(new Set(fresh.map((e) => e.body.corr.jti)), new Set(answers.map((a) => claimsOf(a.json.access_token).jti)));
    });
  });

  test(`what cannot be recorded does not happen (${store})`, async (t) => {
    const clinic = await startClinic({ store });
    t.after(() => clinic.stop());
    register(clinic, app('story'));
    const agent = new Agent();
    const mine = await tokens(clinic, agent);
    const { form } = await authorize(clinic, agent);

    // The audit table takes no row for a while.
    const sql = (text) => (clinic.store === 'sqlite' ? execFileSync('sqlite3', [clinic.address.replace('sqlite:', ''), `.timeout 5000`, text])
      : execFileSync('psql', [clinic.address.replace('postgresql://clinic@', 'postgresql://lanyard@'), '-qc', text]));
    const close = () => sql(clinic.store === 'sqlite' ? "CREATE TRIGGER deaf BEFORE INSERT ON event BEGIN SELECT RAISE(ABORT, 'deaf'); END;" : 'REVOKE INSERT ON event FROM lanyard_app');
    const open = () => sql(clinic.store === 'sqlite' ? 'DROP TRIGGER deaf;' : 'GRANT INSERT ON event TO lanyard_app');
    const text = (column) => `coalesce(CAST(${column} AS TEXT), '-')`;
    const lines = { session: ['sid', 'ended_at', 'hash'], family: ['id', 'generation', 'revoked_at'], code: ['hash', 'spent_at'], account: ['id', 'disabled', 'epoch'], assignment: ['id', 'role_id', 'locations'], app: ['client_id', 'secret_hash'], signing_key: ['kid', 'state'], outbox: ['id', 'tries'] };
    const everything = Object.entries(lines).map(([table, columns]) => `SELECT '${table} ' || ${columns.map(text).join(" || ' ' || ")} AS line FROM ${table}`).join(' UNION ALL ');
    const state = () => rows(clinic, everything).map((row) => row.line).sort();

    const attempts = [
      ['a sign-in', async () => { const other = new Agent(); const page = await signIn(clinic, other, henry); assert.equal(page.location, null); assert.equal(cookieOf(other, clinic, 'lanyard-session'), undefined); return page.status; }],
      ['a code from the session', async () => { const answer = await agent.send(authorizeUrl(clinic, request({ prompt: 'none' }).parameters)); assert.doesNotMatch(answer.location ?? '', /code=/); return answer.status === 303 && /error=/.test(answer.location) ? 503 : answer.status; }],
      ['a code redeemed', async () => (await post(clinic, '/oauth2/token', form, basic('story'))).status],
      ['a refresh', async () => (await refresh(clinic, mine.refresh_token)).status],
      ['a revocation', async () => (await post(clinic, '/oauth2/revoke', { token: mine.refresh_token }, basic('story'))).status],
      ['an app\'s own token', async () => (await post(clinic, '/oauth2/token', { grant_type: 'client_credentials', tenant: 'northside' }, basic('story'))).status],
      ['a sign-out', async () => (await agent.submit(await agent.follow(`${clinic.issuer}/logout`), {})).status],
      ['a role granted by command', async () => (clinic.command('grant', people.ada.username, 'billing', '--location', 'main', ...north).code === 0 ? 200 : 503)],
      ['an account disabled by command', async () => (clinic.command('user', 'disable', people.ada.username, ...north).code === 0 ? 200 : 503)],
      ['a secret rotated by command', async () => (clinic.command('app', 'rotate-secret', 'story').code === 0 ? 200 : 503)],
      ['keys rotated by command', async () => (clinic.command('keys', 'rotate', '--alg', 'ES256', '--yes').code === 0 ? 200 : 503)],
      ['everybody signed out by command', async () => (clinic.command('logout-all', ...north, '--yes').code === 0 ? 200 : 503)],
    ];
    const before = state();
    assert.ok(before.length > 20);
    const count = events(clinic).length;
    close();
    try {
      for (const [name, act] of attempts) {
        await t.test(`${name} fails, and nothing has changed`, async () => {
          const status = await act();
          assert.ok(status >= 500, `${name}: ${status}`);
          assert.deepEqual(state(), before);
        });
      }
    } finally {
      open();
    }
    await t.test('and when it can be recorded again, all works again', async () => {
      assert.equal(events(clinic).length, count);
      assert.equal((await post(clinic, '/oauth2/token', form, basic('story'))).status, 200, 'the code was not lost');
      assert.equal((await refresh(clinic, mine.refresh_token)).status, 200);
      await tokens(clinic, new Agent(), {}, henry);
    });
  });
}

async function signIn(clinic, agent, who, parameters = {}) {
  const page = await agent.follow(authorizeUrl(clinic, request(parameters).parameters));
  return agent.submit(page, who, loginForm);
}
