// A provider that tells nobody when an employee is disabled (Okta, Entra) is asked: with `recheck` the refresh token of the
// sign-in is shown again (RFC 6749 6). Refused, the session ends; a group that went takes its role along; an outage, and
// whatever is not the provider's own word, ends nothing (OpenID Connect Core 12.2).
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sleep, startClinic, stores, until } from '../kit/clinic.mjs';
import { ecKey, signed } from '../kit/forge.mjs';
import { app, change, claimsOf, events, register, rows } from '../kit/hostile.mjs';
import { idToken, startLiar } from '../kit/liar-oidc.mjs';
import { command, connection, declare, isActive, lastRefusal, liarConnection, rolesAt, signInBy, untilInactive } from '../kit/upstream.mjs';
import { secretOf, startProvider } from '../kit/upstream-oidc.mjs';

const person = (name, groups = ['Doctors', 'Reception']) => ({ sub: `sub-${name}`, email: `${name}@corp.example`, given_name: name, family_name: 'Hale', groups });
const by = (name, more = {}) => ({ connection: name, app: { tenant: 'northside' }, ...more });
// All who are asked about have waited long enough.
const due = (clinic) => change(clinic, 'UPDATE upstream_session SET check_at = 1 WHERE check_at IS NOT NULL');
const kept = (clinic) => rows(clinic, 'SELECT sid, check_at, refresh IS NOT NULL AS kept FROM upstream_session ORDER BY sid');
// Asked about, and the next time is an interval away: not the lease.
const asked = (clinic) => until('all to be asked about', () => kept(clinic).every((row) => row.check_at === null || row.check_at > Date.now() / 1000 + 200));
const keepsNothing = (clinic) => kept(clinic).every((row) => row.check_at === null && !Number(row.kept));
const logouts = (clinic) => events(clinic).filter((event) => event.type === 'upstream.logout').map((event) => event.body.ext.reason);
const refreshed = (op) => op.refreshes.map(({ how }) => how);

for (const store of stores) {
  test(`who is disabled at the provider is signed out here (${store})`, async (t) => {
    const clinic = await startClinic({ store });
    const op = await startProvider(clinic, { people: { kim: person('kim'), lee: person('lee'), mia: person('mia') }, connections: [['main', { refreshes: true }], ['okta', { refreshes: true }], ['plain']] });
    t.after(async () => { await op.stop().catch(() => {}); await clinic.stop(); });
    register(clinic, app('story'));
    const of = (id, more = {}) => connection(id, { issuer: op.issuer, client_secret: secretOf(id), ...more });
    declare(clinic, [of('main', { recheck: '5m' }), of('okta', { preset: 'okta', recheck: '5m', scopes: ['openid', 'email', 'profile'] }), of('plain')]);
    let session = await signInBy(clinic, by('main'));

    await t.test('a refresh token is asked for where recheck is on, and there alone', async () => {
      const auth = op.lastAsked();
      assert.deepEqual([auth.scope.split(' ').includes('offline_access'), auth.prompt], [true, 'consent']);
      const [row] = kept(clinic);
      assert.ok(Number(row.kept) && row.check_at > Date.now() / 1000 + 200, JSON.stringify(row));
      op.who = 'lee';
      const plain = await signInBy(clinic, by('plain'));
      assert.doesNotMatch(op.lastAsked().scope, /offline_access/);
      op.who = 'mia';
      await signInBy(clinic, by('okta'));
      op.who = 'kim';
      assert.deepEqual([op.lastAsked().scope, op.lastAsked().prompt], ['openid email profile offline_access', undefined]);
      assert.equal(kept(clinic).filter((one) => Number(one.kept)).length, 1, 'none was given to the others');
      assert.equal(await isActive(clinic, plain.access_token), true);
    });

    await t.test('asked again, it goes on, with the refresh token that came last', async () => {
      const before = events(clinic).length;
      for (let round = 1; round <= 3; round++) {
        due(clinic);
        await until('a refresh', () => op.refreshes.length === round);
        await asked(clinic);
        assert.equal(await isActive(clinic, session.access_token), true);
      }
      assert.deepEqual(refreshed(op), ['ok', 'ok', 'ok']);
      assert.deepEqual([op.refreshes[1].token, op.refreshes[2].token], [op.refreshes[0].gave, op.refreshes[1].gave]);
      assert.equal(events(clinic).length, before, 'nobody signed in, nothing changed');
    });

    await t.test('a group that went takes its role along without a sign-in', async () => {
      assert.deepEqual(rolesAt(session.access), { main: ['provider'], west: ['front-desk'] });
      op.people.kim = person('kim', ['Doctors']);
      const visits = op.count('/auth');
      due(clinic);
      await until('the role to go', () => rows(clinic, "SELECT id FROM assignment WHERE source = 'mapping' AND reason = 'main'").length === 1);
      const again = await signInBy(clinic, by('main', { agent: session.agent }));
      assert.equal(op.count('/auth'), visits);
      assert.equal(again.access.sid ?? again.id.sid, session.access.sid ?? session.id.sid);
      assert.deepEqual(rolesAt(again.access), { main: ['provider'] });
      await asked(clinic);
    });

    await t.test('while the provider is down the session goes on, and after it', async () => {
      const before = op.refreshes.length;
      await op.stop();
      for (let round = 0; round < 2; round++) {
        due(clinic);
        await asked(clinic).catch(() => {}); // after two failures it is not even asked
        assert.equal(await isActive(clinic, session.access_token), true);
      }
      assert.equal(op.refreshes.length, before);
      await op.start();
      due(clinic);
      await until('a refresh', () => op.refreshes.length > before, 20000);
      await asked(clinic);
      assert.deepEqual([refreshed(op).at(-1), await isActive(clinic, session.access_token)], ['ok', true]);
    });

    await t.test('disabled there: the session ends, and what was given to apps for good', async () => {
      const offline = await signInBy(clinic, by('main', { agent: session.agent, app: { tenant: 'northside', scope: 'openid offline_access' } }));
      const { kim } = op.people;
      delete op.people.kim;
      due(clinic);
      await untilInactive(clinic, session.access_token);
      assert.equal(await isActive(clinic, offline.refresh_token), false);
      assert.equal(refreshed(op).at(-1), 'refused');
      assert.deepEqual(logouts(clinic), ['refresh_refused']);
      assert.ok(keepsNothing(clinic), JSON.stringify(kept(clinic)));
      const count = op.refreshes.length;
      await sleep(2000);
      assert.equal(op.refreshes.length, count, 'asked no more');
      op.people.kim = kim;
    });

    await t.test('out of every group: nobody here any more', async () => {
      op.people.kim = person('kim');
      session = await signInBy(clinic, by('main'));
      op.people.kim = person('kim', []);
      due(clinic);
      await untilInactive(clinic, session.access_token);
      assert.deepEqual([logouts(clinic).at(-1), lastRefusal(clinic).reason], ['unmapped', 'unmapped']);
    });

    await t.test('what ends otherwise is asked about no more: signed out, idle, switched off, not wanted, unlinked', async () => {
      op.people.kim = person('kim');
      const ends = [
        async () => { const page = await session.agent.follow(`${clinic.issuer}/logout`); await session.agent.submit(page, {}); },
        async () => { change(clinic, 'UPDATE session SET seen_at = 1 WHERE ended_at IS NULL'); due(clinic); await until('it to be dropped', () => keepsNothing(clinic)); },
        async () => { clinic.must('connection', 'disable', 'main'); clinic.must('connection', 'enable', 'main'); },
        async () => { clinic.must('connection', 'set', 'main', '--recheck', 'off'); clinic.must('connection', 'set', 'main', '--recheck', '10m'); },
        async () => { clinic.must('user', 'unlink', 'kim@corp.example', '--connection', 'main'); },
      ];
      const count = op.refreshes.length;
      for (const end of ends) {
        session = await signInBy(clinic, by('main'));
        assert.equal(kept(clinic).filter((one) => Number(one.kept)).length, 1);
        await end();
        assert.ok(keepsNothing(clinic), `${end}: ${JSON.stringify(kept(clinic))}`);
      }
      assert.equal(op.refreshes.length, count);
    });

    await t.test('no token of the provider stands in the log, the audit or, readable, in the store', () => {
      const log = clinic.log() + JSON.stringify(events(clinic)) + JSON.stringify(rows(clinic, 'SELECT * FROM upstream_session'));
      assert.ok(op.refreshes.length > 4);
      for (const { token } of op.refreshes) assert.ok(!log.includes(token));
    });

    await t.test('5 m to 12 h, for OIDC', async () => {
      for (const [recheck, code] of [['5m', 0], ['12h', 0], ['4m', 4], ['13h', 4], [60, 4], ['often', 4]]) {
        const applied = clinic.apply({ practices: [{ id: 'northside', connections: [of('main', { recheck })] }] });
        assert.equal(applied.code === 0, code === 0, `${recheck}: ${applied.err}${applied.out}`);
        if (code) assert.match(applied.err + applied.out, /recheck: expected: 5m to 12h/);
      }
    });
  });

  test(`whatever is not the provider's own refusal ends nothing and changes nothing (${store})`, async (t) => {
    const clinic = await startClinic({ store });
    const liar = await startLiar();
    t.after(async () => { liar.stop(); await clinic.stop(); });
    register(clinic, app('story'));
    const op = liar.add('main', person('kim'));
    const stranger = ecKey();
    const now = Math.floor(Date.now() / 1000);
    // An ID token that would take a role away, were it believed.
    const token = (changes, make = idToken) => ([status, body], of, about) => [status, { ...body, id_token: make(of, about, body.access_token, { groups: ['Doctors'], ...changes }) }];
    const forged = (of, about, _access, changes) => signed({ alg: 'ES256', kid: of.kid }, { iss: of.issuer, aud: of.client, sub: about.person.sub, iat: now, exp: now + 300, ...changes }, stranger);

    // [name, what is said, the word in the audit].
    const lies = [
      ['500', () => [500, { error: 'server_error' }]], ['503 and invalid_grant', () => [503, { error: 'invalid_grant' }]], ['401 and invalid_grant', () => [401, { error: 'invalid_grant' }]], ['200 and invalid_grant', () => [200, { error: 'invalid_grant' }]],
      ['an expired client secret', () => [401, { error: 'invalid_client' }]], ['another error', () => [400, { error: 'temporarily_unavailable' }]], ['an error that is no text', () => [400, { error: ['invalid_grant'] }]],
      ['an error said twice', () => [400, '{"error":"invalid_grant","error":"invalid_request"}']], ['a page', () => [400, '<html>invalid_grant</html>']], ['nothing', () => [200, '']], ['a list', () => [200, []]],
      ['no access token', ([status, { access_token: _, ...body }]) => [status, body]], ['another kind of token', ([status, body]) => [status, { ...body, token_type: 'mac' }]],
      ['another issuer', token({ iss: op.issuer }), 'iss'], ['another client', token({ aud: 'client-other' }), 'aud'], ['somebody else', token({ sub: 'sub-kim' }), 'sub'], ['another nonce', token({ nonce: 'n' }), 'nonce'],
      ['an ID token of an hour ago', token({ iat: now - 3600 }), 'iat'], ['an ID token that has ended', token({ exp: now - 300 }), 'exp'], ['the hash of another access token', token({ at_hash: 'x' }), 'at_hash'],
      ['another key', token({}, forged), 'signature'], ['no ID token at all', token({}, () => 'x.y.z'), 'structure'],
    ].map(([name, refreshed, word], at) => ({ name, word, op: liar.add(`lie-${at}`, person(`p${at}`), { refreshed }) }));
    const of = (one) => liarConnection(one, { preset: 'okta', recheck: '5m' });
    declare(clinic, [of(op), ...lies.map((lie) => of(lie.op))]);
    for (const lie of lies) lie.session = await signInBy(clinic, by(lie.op.name));
    due(clinic);
    await until('all to be asked', () => lies.every((lie) => lie.op.refreshes.length === 1), 30000);
    await asked(clinic);
    await sleep(1500);

    for (const lie of lies) {
      await t.test(lie.name, async () => {
        const refusals = events(clinic).filter((event) => event.type === 'upstream.deny' && event.target?.endsWith(lie.op.name));
        assert.deepEqual(refusals.map((event) => event.body.reason), lie.word ? [lie.word] : []);
        assert.equal(await isActive(clinic, lie.session.access_token), true);
        assert.equal(rows(clinic, `SELECT id FROM assignment WHERE source = 'mapping' AND reason = '${lie.op.name}'`).length, 2);
        assert.equal(lie.op.refreshes.length, 1);
      });
    }
    await t.test('and none of them ended a session', () => assert.deepEqual(logouts(clinic), []));
    for (const lie of lies) clinic.must('connection', 'disable', lie.op.name);
    let session = await signInBy(clinic, by('main'));

    await t.test('an answer without ID token, or without a new refresh token, is one', async () => {
      for (const member of ['id_token', 'refresh_token']) {
        const asks = op.refreshes.length;
        op.lie.refreshed = ([status, body]) => { delete body[member]; return [status, body]; };
        due(clinic);
        await until('a refresh', () => op.refreshes.length > asks);
        await asked(clinic);
        assert.equal(await isActive(clinic, session.access_token), true);
      }
    });

    await t.test('an answer without end about one person does not close the door to the others', async () => {
      for (let round = 0; round < 3; round++) {
        const asks = op.refreshes.length;
        op.lie.refreshed = () => [200, ' '.repeat(400000)];
        due(clinic);
        await until('a refresh', () => op.refreshes.length > asks);
        await asked(clinic);
      }
      assert.deepEqual(events(clinic).filter((event) => event.type === 'connection.down'), []);
      assert.equal(await isActive(clinic, session.access_token), true);
    });

    await t.test('a new one that came with an ID token that was refused is shown next: its lie must not use up the chain', async () => {
      delete op.lie.refreshed;
      let asks = op.refreshes.length;
      op.lie.claims = (claims) => ({ ...claims, iss: `${op.issuer}/` });
      due(clinic);
      await until('a refresh', () => op.refreshes.length > asks);
      await asked(clinic);
      delete op.lie.claims;
      asks = op.refreshes.length;
      due(clinic);
      await until('a refresh', () => op.refreshes.length > asks);
      await asked(clinic);
      assert.equal(await isActive(clinic, session.access_token), true);
      op.refreshTokens.clear();
      due(clinic);
      await untilInactive(clinic, session.access_token);
    });

    await t.test('a provider that gives no refresh token signs people in, and is not asked', async () => {
      op.lie.tokens = ({ refresh_token: _, ...body }) => body;
      const asks = op.refreshes.length;
      session = await signInBy(clinic, by('main'));
      assert.ok(keepsNothing(clinic));
      assert.match(clinic.log(), /recheck\.without/);
      due(clinic);
      await sleep(2000);
      assert.deepEqual([op.refreshes.length, await isActive(clinic, session.access_token)], [asks, true]);
      delete op.lie.tokens;
    });

    await t.test('`connection test` says whether it can be asked', async () => {
      const finding = async () => (await command(clinic, 'connection', 'test', 'main')).json.findings.find(({ check }) => check === 'recheck');
      assert.equal((await finding()).outcome, 'ok');
    });
  });
}

if (stores.includes('postgresql')) {
  test('of two nodes one asks', async (t) => {
    const clinic = await startClinic({ store: 'postgresql', nodes: 2 });
    const liar = await startLiar();
    t.after(async () => { liar.stop(); await clinic.stop(); });
    register(clinic, app('story'));
    const op = liar.add('main', person('kim'));
    declare(clinic, [liarConnection(op, { preset: 'okta', recheck: '5m' })]);
    const sessions = [];
    for (let i = 0; i < 12; i++) sessions.push(await signInBy(clinic, by('main')));
    for (let round = 1; round <= 3; round++) {
      due(clinic);
      await until('all to be asked about', () => op.refreshes.length >= round * sessions.length);
      await asked(clinic);
      await sleep(2000);
      assert.equal(op.refreshes.length, round * sessions.length);
      assert.equal(new Set(op.refreshes).size, op.refreshes.length, 'each token was shown once');
    }
    for (const { access_token } of sessions) assert.equal(await isActive(clinic, access_token), true);
    assert.equal(claimsOf(sessions[0].access_token).sub, claimsOf(sessions[11].access_token).sub);
  });
}
