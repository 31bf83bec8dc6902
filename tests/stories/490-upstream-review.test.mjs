// A second look at sign-in by way of another identity provider: who types an address means that person, a password counts
// nowhere beside a connection that says no, nobody but the provider makes it down, what an outage opened closes with it, and
// an address that nobody vouches for gives no roles (security.md A8, B1, B3, B8, C2, D2, E6).
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Agent } from '../kit/agent.mjs';
import { people as staff, startClinic, stores } from '../kit/clinic.mjs';
import { app, authorizeUrl, basic, events, post, register, request, rows, sam } from '../kit/hostile.mjs';
import { startLiar } from '../kit/liar-oidc.mjs';
import {
  accounts, arrived, command, connection, count, declare, finish, lastRefusal, liarConnection, links, redeem, rolesAt, sessionsOf, shown, throughUpstream, toCallback, travel, upstreamForm, wordOf,
} from '../kit/upstream.mjs';

const own = staff.ada.password;
const person = (name, more = {}) => ({ sub: `sub-${name}`, email: `${name}@northside.example`, given_name: name, family_name: 'Hale', groups: ['Doctors'], ...more });
const tenant = { tenant: 'northside' };
const keeps = { provision: { on_unmapped: 'default', update: false }, default_grant: { class: 'staff', role: 'front-desk', locations: ['main'] } };

// named: { connection: what it declares beside the usual }
async function world(t, store, named) {
  const clinic = await startClinic({ store });
  const liar = await startLiar();
  t.after(async () => { liar.stop(); await clinic.stop(); });
  register(clinic, app('story'));
  const ops = Object.fromEntries(Object.keys(named).map((name) => [name, liar.add(name, person(name))]));
  declare(clinic, Object.entries(named).map(([name, more]) => liarConnection(ops[name], more)));
  const through = (name, who, more = {}) => { ops[name].person = who; return throughUpstream(clinic, { connection: name, app: tenant, ...more }); };
  const link = async (name, who) => {
    const way = await through(name, who);
    assert.match(way.page.text, /id="password"/, shown(way.page));
    const page = await travel(way.agent, await way.agent.submit(way.page, { password: own }, upstreamForm));
    assert.ok(page.location && new URL(page.location).searchParams.get('code'), shown(page));
  };
  return { clinic, liar, ops, through, link };
}

const begin = async (clinic, agent, more = {}) => {
  const { parameters, verifier } = request({ scope: 'openid email clinic', ...more });
  return { parameters, verifier, page: await agent.follow(authorizeUrl(clinic, parameters)) };
};
async function byPassword(clinic, name, more = {}, agent = new Agent()) {
  const { parameters, verifier } = request({ ...tenant, ...more });
  return arrived(await travel(agent, authorizeUrl(clinic, parameters), { username: `${name}@northside.example`, password: own }), parameters, verifier, agent);
}

for (const store of stores) {
  test(`an address typed into a form that waited is not who signed in meanwhile (${store})`, async (t) => {
    const { clinic, ops } = await world(t, store, { house: { domains: ['staff.example'] } });
    // [who types, where that leads]
    for (const [typed, ends] of [['kim@staff.example', 'at the provider'], [sam.username, 'at the password page']]) {
      await t.test(`${typed} ends ${ends}`, async () => {
        const agent = new Agent();
        const waits = await begin(clinic, agent);
        assert.match(waits.page.url, /\/login\/identify/);
        const ada = await redeem(clinic, await byPassword(clinic, 'ada', {}, agent));
        ops.house.person = person('kim', { email: 'kim@staff.example' });
        const answer = await agent.submit(waits.page, { username: typed }, upstreamForm);
        const page = await travel(agent, answer, { username: sam.username, password: sam.password });
        const way = arrived(page, waits.parameters, waits.verifier, agent);
        if (way.form.code) assert.notEqual((await redeem(clinic, way)).id.sub, ada.id.sub, 'the app was given somebody else');
        else assert.match(page.text, /name="practice"/, shown(page));
      });
    }
  });

  test(`the page of linking is a door where a password counts (${store})`, async (t) => {
    const { clinic, ops, through, link } = await world(t, store, { strict: { local_sign_in: 'never', ...keeps }, house: keeps, other: {} });
    const drop = { answer: { token: (ask, answer) => answer.destroy() } };
    await link('strict', person('priya', { sub: 's-priya' }));
    await link('house', person('ada', { sub: 'h-ada' }));
    await link('house', person('olivia', { sub: 'h-olivia' }));
    const tryLink = async (name) => {
      const way = await through('other', person(name, { sub: `o-${name}` }));
      assert.match(way.page.text, /id="password"/, shown(way.page));
      return arrived(await travel(way.agent, await way.agent.submit(way.page, { password: own }, upstreamForm)), {}, '', way.agent);
    };

    await t.test('where a connection says never, it opens no other one, and that is on record', async () => {
      const before = count(clinic, 'authz.deny');
      const way = await tryLink('priya');
      assert.equal(count(clinic, 'authz.deny'), before + 1);
      assert.deepEqual([way.answer.code, way.error], [undefined, 'sign_in_elsewhere'], shown(way.page));
    });
    await t.test('where it says outage, not while it answers', async () => assert.equal((await tryLink('ada')).error, 'sign_in_elsewhere'));
    await t.test('and not in an outage either: a link stays when that is over', async () => {
      ops.house.lie = drop;
      for (let n = 0; n < 2; n++) await through('house', person('ada', { sub: 'h-ada' }));
      assert.ok(count(clinic, 'connection.down') >= 1);
      assert.equal((await tryLink('ada')).error, 'sign_in_elsewhere');
    });
    await t.test('nor when another provider stands behind the connection since', async () => {
      const way = await through('other', person('marco', { sub: 'o-marco' }));
      declare(clinic, [liarConnection(ops.other, { issuer: ops.house.issuer })]);
      const page = await travel(way.agent, await way.agent.submit(way.page, { password: own }, upstreamForm));
      declare(clinic, [liarConnection(ops.other)]);
      assert.ok(page.status >= 400 && !page.location, shown(page));
    });
    assert.deepEqual(links(clinic).filter((row) => row.connection_id === 'other'), []);
    await t.test('owners, and who is linked nowhere, link with it', async () => {
      for (const name of ['olivia', 'marco']) assert.ok((await tryLink(name)).answer.code, name);
    });
  });

  test(`who makes a connection down (${store})`, async (t) => {
    const { clinic, ops, through, link } = await world(t, store, { house: { continuity: '10m', ...keeps }, more: { userinfo: true, ...keeps } });
    await link('house', person('ada', { sub: 'h-ada' }));
    await link('more', person('priya', { sub: 'm-priya' }));

    await t.test('a code that a stranger made up, at which the provider hangs up, does not', async () => {
      ops.house.lie = { answer: { token: (ask, answer, op, form) => (form.get('code').startsWith('bomb') ? answer.destroy() : answer.writeHead(400, { 'content-type': 'application/json' }).end('{"error":"invalid_grant"}')) } };
      for (let n = 0; n < 4; n++) {
        const way = await toCallback(clinic, { connection: 'house', app: tenant });
        const url = new URL(way.url);
        url.searchParams.set('code', `bomb-${n}`);
        assert.ok(wordOf(await finish(clinic, way, url.href)));
      }
      assert.equal(count(clinic, 'connection.down'), 0);
      assert.equal((await byPassword(clinic, 'ada')).error, 'sign_in_elsewhere');
    });

    await t.test('a person of whom it has too much to say does not', async () => {
      const huge = person('priya', { sub: 'm-priya', userinfo: { about: 'x'.repeat(300 * 1024) } });
      for (let n = 0; n < 4; n++) assert.ok(wordOf(await through('more', huge)));
      assert.equal(count(clinic, 'connection.down'), 0);
      assert.equal((await byPassword(clinic, 'priya')).error, 'sign_in_elsewhere');
    });

    await t.test('a token endpoint that answers nobody does; what the outage opened ends with its session, offline access too', async () => {
      ops.house.lie = { answer: { token: (ask, answer) => answer.destroy() } };
      for (let n = 0; n < 2; n++) assert.equal(wordOf(await through('house', person('ada', { sub: 'h-ada' }))), 'upstream_down');
      const way = await byPassword(clinic, 'ada', { scope: 'openid offline_access' });
      const { refresh_token } = await redeem(clinic, way);
      const session = sessionsOf(clinic).at(-1);
      assert.ok(session.continuity);
      const [family] = rows(clinic, `SELECT offline, expires_at FROM family WHERE sid = '${session.sid}'`);
      assert.ok(family.expires_at <= session.ends_at, `${family.expires_at - session.ends_at} s longer`);
      const renew = (token) => post(clinic, '/oauth2/token', { grant_type: 'refresh_token', refresh_token: token }, basic('story'));
      const renewed = await renew(refresh_token);
      assert.equal(renewed.status, 200, renewed.text);
      clinic.must('session', 'end', session.sid, '--practice', 'northside');
      assert.equal((await renew(renewed.json.refresh_token)).status, 400);
    });
  });

  test(`an address that nobody vouches for gives no roles (${store})`, async (t) => {
    const boss = [
      { when: { claim: 'groups', contains: 'Doctors' }, grant: { class: 'staff', role: 'provider', locations: ['main'] } },
      { when: { claim: 'email', equals: 'boss@northside.example' }, grant: { class: 'staff', role: 'manager', locations: ['main'] } },
    ];
    const { clinic, through } = await world(t, store, { house: { mapping: boss } });
    const rolesOf = async (more) => rolesAt((await redeem(clinic, await through('house', person('kim', more)))).id);
    assert.deepEqual(await rolesOf({}), { main: ['provider'] });
    assert.deepEqual(await rolesOf({ email: 'boss@northside.example', email_verified: false }), { main: ['provider'] });
    assert.deepEqual((await rolesOf({ email: 'boss@northside.example' })).main.sort(), ['manager', 'provider']);
  });

  test(`one sign-in's answer is no other's (${store})`, async (t) => {
    const { clinic, ops, through } = await world(t, store, { one: {}, two: {} });
    const by = { connection: 'one', app: tenant };
    ops.one.person = person('kim');
    ops.two.person = person('lee');
    const before = sessionsOf(clinic).length;

    await t.test('the code of one with the state of the other, in one browser', async () => {
      const agent = new Agent();
      const first = await toCallback(clinic, { ...by, agent });
      const second = await toCallback(clinic, { ...by, agent });
      const mixed = new URL(first.url);
      mixed.searchParams.set('code', new URL(second.url).searchParams.get('code'));
      assert.equal(wordOf(await finish(clinic, first, mixed.href)), 'upstream_answer');
      assert.equal(lastRefusal(clinic).reason, 'invalid_grant');
    });

    await t.test('one provider\'s answer at the other\'s address', async () => {
      const way = await toCallback(clinic, by);
      assert.equal(wordOf(await finish(clinic, way, way.url.replace('/federation/one/', '/federation/two/'))), 'upstream_state');
    });

    await t.test('another way chosen between departure and return', async () => {
      for (const other of ['two', 'local']) {
        const way = await toCallback(clinic, by);
        const flow = new URL(way.url).searchParams.get('state').split('.')[0];
        await way.agent.send(`${clinic.issuer}/login/${other === 'local' ? `password?flow=${flow}&way=local` : `upstream?flow=${flow}&connection=two`}`);
        assert.equal(wordOf(await finish(clinic, way)), 'upstream_state', other);
      }
    });

    await t.test('a connection of another practice than was asked for', async () => {
      const way = await toCallback(clinic, { connection: 'one', app: tenant });
      const flow = new URL(way.url).searchParams.get('state').split('.')[0];
      declare(clinic, [connection('river', { issuer: ops.two.issuer, client_id: ops.two.client, client_secret: ops.two.secret, mapping: undefined })], 'riverside');
      const page = await way.agent.send(`${clinic.issuer}/login/upstream?flow=${flow}&connection=river`);
      assert.ok(page.status >= 400 && !page.location, shown(page));
    });

    await t.test('a test of a connection is no sign-in', async () => {
      const { link } = (await command(clinic, 'connection', 'test', 'one')).json;
      const agent = new Agent();
      const at = await travel(agent, link, { before: (url) => url.startsWith(ops.one.issuer) });
      const flow = new URL(at.location).searchParams.get('state').split('.')[0];
      for (const path of [`/login/password?flow=${flow}&way=local`, `/login/identify?flow=${flow}`, `/oauth2/authorize/continue?flow=${flow}`, `/saml/sso/continue?flow=${flow}`]) {
        const page = await agent.send(clinic.issuer + path);
        assert.ok(page.status >= 400 || /\/login\?flow=/.test(page.location ?? ''), `${path}: ${shown(page)}`);
      }
      const shownAs = await travel(agent, at.location);
      assert.match(shownAs.text, /id="upstream-test"/);
      assert.equal(agent.jar(clinic.issuer).has('__Host-lanyard-session') || agent.jar(clinic.issuer).has('lanyard-session'), false);
      assert.ok((await new Agent().send(link)).status >= 400, 'the ticket again');
    });
    assert.equal(sessionsOf(clinic).length, before);
    assert.equal(accounts(clinic).some((row) => /^(kim|lee)@/.test(row.email)), false);

    await t.test('sixteen first sign-ins of one person at once make one account', async () => {
      ops.one.person = person('mia');
      const ways = await Promise.all(Array.from({ length: 16 }, () => toCallback(clinic, by)));
      const ends = await Promise.all(ways.map((way) => finish(clinic, way)));
      assert.deepEqual(ends.filter((end) => !end.form.code).map((end) => shown(end.page)), []);
      const subjects = new Set(await Promise.all(ends.map(async (end) => (await redeem(clinic, end)).id.sub)));
      assert.deepEqual([subjects.size, links(clinic).filter((row) => row.subject === 'sub-mia').length, accounts(clinic).filter((row) => row.email.startsWith('mia@')).length], [1, 1, 1]);
    });

    await t.test('who comes back as another person than the app asked for goes nowhere', async () => {
      const kim = await redeem(clinic, await through('one', person('kim')));
      ops.one.person = person('lee', { sub: 'another' });
      const way = await throughUpstream(clinic, { connection: 'one', app: { ...tenant, id_token_hint: kim.id_token, prompt: 'login' } });
      assert.equal(way.answer.code, undefined, shown(way.page));
    });
  });

  test(`what is taken away on the way is not there at its end, and secrets stay (${store})`, async (t) => {
    const { clinic, ops, link } = await world(t, store, { house: keeps });
    await link('house', person('ada', { sub: 'h-ada' }));

    await t.test('unlinked between the provider\'s answer and the session', async () => {
      ops.house.person = person('ada', { sub: 'h-ada' });
      const way = await toCallback(clinic, { connection: 'house', app: tenant });
      const page = await travel(way.agent, way.url, { before: (url) => url.includes('/login?flow=') });
      assert.match(page.location, /\/login\?flow=/, shown(page));
      clinic.must('user', 'unlink', 'ada@northside.example', '--connection', 'house', '--practice', 'northside');
      const end = await finish(clinic, way, page.location);
      assert.equal(end.answer.code, undefined, shown(end.page));
    });

    await t.test('no log, record, export or page of a connection has a secret of it', async () => {
      const way = await toCallback(clinic, { connection: 'house', app: tenant });
      const { code, state } = Object.fromEntries(new URL(way.url).searchParams);
      ops.house.lie = { claims: (claims) => ({ ...claims, aud: 'somebody-else' }) };
      assert.ok(wordOf(await finish(clinic, way)));
      ops.house.lie = {};
      const { access_token, id_token } = ops.house.last;
      const said = [clinic.log(), clinic.must('export').out, clinic.must('connection', 'show', 'house').out, JSON.stringify(events(clinic)), JSON.stringify(rows(clinic, 'SELECT ask, state FROM flow')), JSON.stringify(rows(clinic, 'SELECT declaration FROM connection'))];
      for (const secret of [ops.house.secret, code, state.split('.')[1], access_token, id_token, id_token.split('.')[2]]) {
        for (const [at, text] of said.entries()) assert.ok(!text.includes(secret), `${at}: ${secret.slice(0, 12)}`);
      }
    });

    await t.test('many connections with long names leave the way by password open', async () => {
      const named = (length) => ({ name: '"'.repeat(length) });
      declare(clinic, Array.from({ length: 200 }, (_, n) => liarConnection(ops.house, { id: `${'long-'.repeat(11)}${n}`, ...named(200) })));
      const way = await byPassword(clinic, 'marco');
      assert.ok(way.answer.code, shown(way.page));
      const longer = clinic.apply({ practices: [{ id: 'northside', connections: [liarConnection(ops.house, named(201))] }] });
      assert.notEqual(longer.code, 0);
      assert.match(longer.out + longer.err, /name: at most 200 bytes/);
    });
  });
}
