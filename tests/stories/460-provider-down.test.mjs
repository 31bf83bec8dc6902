// The provider is gone in the middle of the day: a page says so in bounded time, the people whose practice allows it get in
// by the local way for a bounded time and are flagged, other practices notice nothing, and it comes back by itself
// (security.md R-8; continuity: 164.308(a)(7)(ii)(C)).
import assert from 'node:assert/strict';
import { createServer } from 'node:net';
import { test } from 'node:test';
import { Agent } from '../kit/agent.mjs';
import { freePort, people as staff, startClinic, stores, until } from '../kit/clinic.mjs';
import { app, authorizeUrl, henry, register, request, signedIn } from '../kit/hostile.mjs';
import { arrived, connection, count, declare, finish, isActive, mapping, redeem, rolesAt, sessionsOf, shown, signInBy, throughUpstream, toCallback, travel, upstreamForm, wordOf } from '../kit/upstream.mjs';
import { secretOf, startProvider } from '../kit/upstream-oidc.mjs';

const north = ['--practice', 'northside'];
const own = staff.ada.password;
const local = (name) => ({ username: `${name}@northside.example`, password: own });
const person = (name) => ({ sub: `00u-${name}`, email: `${name}@northside.example`, given_name: name, family_name: 'Hale', groups: [] });

// A clinic where ada, olivia (an owner), priya and marco are known: the first two linked by `okta` (outage), priya by `strict`
// (never), marco by none.
async function world(t, store) {
  const clinic = await startClinic({ store });
  const who = ['ada', 'olivia', 'priya', 'kim'];
  const op = await startProvider(clinic, { dress: 'okta', people: Object.fromEntries(who.map((name) => [name, person(name)])), connections: [['okta'], ['strict'], ['always']] });
  const river = await startProvider(clinic, { people: { rosa: { ...person('ros'), email: 'new@riverside.example', groups: ['Doctors'] } }, connections: [['river']] });
  t.after(async () => { await op.stop().catch(() => {}); await river.stop(); await clinic.stop(); });
  register(clinic, app('story'));
  const of = (id, more = {}) => connection(id, { issuer: op.issuer, client_secret: secretOf(id), continuity: '10m', provision: { on_unmapped: 'default', update: false }, default_grant: { class: 'staff', role: 'front-desk', locations: ['main'] }, ...more });
  declare(clinic, [of('okta'), of('strict', { local_sign_in: 'never' }), of('always', { local_sign_in: 'always' })]);
  declare(clinic, [connection('river', { issuer: river.issuer, client_secret: secretOf('river'), mapping: [{ when: { claim: 'groups', contains: 'Doctors' }, grant: { role: 'provider', locations: ['harbor'] } }] })], 'riverside');
  // A person of the provider proves to be an account here.
  const link = async (name, by) => {
    op.who = name;
    const way = await throughUpstream(clinic, { connection: by, app: { tenant: 'northside' } });
    assert.match(way.page.text, /id="password"/, shown(way.page));
    const page = await travel(way.agent, await way.agent.submit(way.page, { password: own }, upstreamForm));
    assert.ok(page.location && new URL(page.location).searchParams.get('code'), shown(page));
  };
  await link('ada', 'okta');
  await link('olivia', 'okta');
  await link('priya', 'strict');
  return { clinic, op, river };
}

// By the local form, from an app; the sign-in as `arrived` tells it.
async function byPassword(clinic, who, agent = new Agent()) {
  const { parameters, verifier } = request({ tenant: 'northside' });
  return arrived(await travel(agent, authorizeUrl(clinic, parameters), who), parameters, verifier, agent);
}

const scenario = async (t, store) => {
  const { clinic, op } = await world(t, store);
  const works = async () => {
    const began = Date.now();
    assert.equal((await signInBy(clinic, { connection: 'river', app: { tenant: 'riverside' } })).id.tenant, 'riverside');
    await signedIn(clinic, henry, { tenant: 'riverside' });
    return Date.now() - began;
  };

  await t.test('while the provider is there, linked people sign in there; owners and unlinked people may here', async () => {
    const ada = await byPassword(clinic, local('ada'));
    assert.deepEqual([ada.answer.code, ada.error], [undefined, 'sign_in_elsewhere'], shown(ada.page));
    assert.equal((await byPassword(clinic, local('priya'))).error, 'sign_in_elsewhere');
    const wrong = await byPassword(clinic, { ...local('ada'), password: 'not-hers' });
    assert.equal(wrong.error, 'sign_in_failed', 'who does not know the password is not told where it belongs');
    for (const name of ['olivia', 'marco']) assert.ok((await byPassword(clinic, local(name))).form.code, name);
    assert.equal(count(clinic, 'auth.login.continuity'), 0);
  });

  await t.test('nothing that a browser brings back makes it down, and so opens the local way', async () => {
    for (const error of ['server_error', 'temporarily_unavailable', 'server_error', 'temporarily_unavailable']) {
      const way = await toCallback(clinic, { connection: 'okta', app: { tenant: 'northside' } });
      const url = new URL(way.url);
      url.searchParams.delete('code');
      url.searchParams.set('error', error);
      assert.ok(wordOf(await finish(clinic, way, url.href)));
    }
    for (const code of ['x', 'x', 'A'.repeat(3900), '\u0000', '%00']) {
      const way = await toCallback(clinic, { connection: 'okta', app: { tenant: 'northside' } });
      const url = new URL(way.url);
      url.searchParams.set('code', code);
      assert.equal((await way.agent.send(url.href)).location, null);
    }
    assert.equal(count(clinic, 'connection.down'), 0);
    assert.equal((await byPassword(clinic, local('ada'))).error, 'sign_in_elsewhere');
  });

  let before;
  await t.test('it stops: a page says so, in bounded time, and offers the other way', async () => {
    op.who = 'ada';
    before = await signInBy(clinic, { connection: 'okta', app: { tenant: 'northside' } });
    await op.stop();
    const began = Date.now();
    const way = await until('the page that says so', async () => {
      const tried = await throughUpstream(clinic, { connection: 'okta', app: { tenant: 'northside' } }).catch((fault) => fault);
      return wordOf(tried) === 'upstream_down' && tried;
    }, 45000);
    assert.ok(way.page.status === 503 || way.page.status === 200, String(way.page.status));
    assert.match(way.page.text, /Sign-in okta/);
    assert.ok(count(clinic, 'connection.down') >= 1);
    const [, other] = /id="another-way"[^>]*href="([^"]*)"/.exec(way.page.text) ?? [];
    assert.ok(other, shown(way.page));
    const page = await way.agent.follow(new URL(other.replace(/&amp;/g, '&'), way.page.url).href);
    assert.match(page.text, upstreamForm);
    const inside = await travel(way.agent, await way.agent.submit(page, local('ada'), upstreamForm), local('ada'));
    assert.ok(inside.location && new URL(inside.location).searchParams.get('code'), shown(inside));
    t.diagnostic(`${Date.now() - began} ms until it was known`);
  });

  await t.test('who is linked gets in by the local way as the policy says', async () => {
    const ada = await byPassword(clinic, local('ada'));
    assert.ok(ada.form.code, shown(ada.page));
    const { id, access_token } = await redeem(clinic, ada);
    assert.deepEqual(rolesAt(id), { main: ['provider'], west: ['manager'] });
    assert.equal((await byPassword(clinic, local('priya'))).error, 'sign_in_elsewhere', 'never means never');
    for (const name of ['olivia', 'marco']) assert.ok((await byPassword(clinic, local(name))).form.code, name);
    assert.equal(await isActive(clinic, access_token), true);
  });

  await t.test('such sessions are flagged, recorded, and live for the time that is set', async () => {
    const flagged = sessionsOf(clinic).filter((session) => Number(session.continuity) || session.continuity === true);
    assert.ok(flagged.length >= 2, 'both of ada');
    for (const session of flagged) assert.ok(session.ends_at - session.started_at <= 600, JSON.stringify(session));
    assert.equal(new Set(flagged.map((session) => session.account_id)).size, 1, 'nobody but ada');
    assert.equal(count(clinic, 'auth.login.continuity'), flagged.length);
    const listed = clinic.must('session', 'list', ...north);
    assert.match(listed.out, /continuity/);
    const { id } = await redeem(clinic, await byPassword(clinic, local('ada')));
    assert.ok(id.session_expiry === undefined || id.session_expiry - id.iat <= 600);
  });

  await t.test('the session that came by it goes on', async () => {
    assert.equal(await isActive(clinic, before.access_token), true);
  });

  await t.test('the other practice notices nothing', async () => {
    assert.ok(await works() < 4000);
  });

  await t.test('it comes back by itself, and then the local way is closed again', async () => {
    await op.start();
    op.who = 'ada';
    const way = await until('the provider to be tried again', async () => {
      const tried = await throughUpstream(clinic, { connection: 'okta', app: { tenant: 'northside' } });
      return tried.form.code && tried;
    }, 60000);
    assert.ok((await redeem(clinic, way)).id.sub);
    assert.ok(count(clinic, 'connection.up') >= 1);
    assert.equal((await byPassword(clinic, local('ada'))).error, 'sign_in_elsewhere');
  });
};

const hanging = async (t, store) => {
  const clinic = await startClinic({ store });
  const port = await freePort();
  const silent = createServer((socket) => { socket.on('error', () => {}); });
  await new Promise((done) => silent.listen(port, '127.0.0.1', done));
  const sockets = new Set();
  silent.on('connection', (socket) => { sockets.add(socket); socket.on('close', () => sockets.delete(socket)); });
  t.after(async () => { for (const socket of sockets) socket.destroy(); silent.close(); await clinic.stop(); });
  register(clinic, app('story'));
  declare(clinic, [connection('mute', { issuer: `http://localhost:${port}`, client_secret: 'x'.repeat(40), mapping })]);

  await t.test('sixteen people wait for a provider that never answers: each is told within seconds, the others sign in meanwhile', async () => {
    const began = Date.now();
    const waiting = Array.from({ length: 16 }, () => throughUpstream(clinic, { connection: 'mute', app: { tenant: 'northside' } }).then((way) => ({ way, took: Date.now() - began })));
    const meanwhile = [];
    for (let n = 0; n < 5; n++) {
      const start = Date.now();
      await signedIn(clinic, henry, { tenant: 'riverside' });
      meanwhile.push(Date.now() - start);
    }
    for (const { way, took } of await Promise.all(waiting)) {
      assert.ok(['upstream_down', 'unavailable'].includes(wordOf(way)), shown(way.page));
      assert.ok(took < 15000, `${took} ms`);
    }
    assert.ok(meanwhile.toSorted((a, b) => a - b)[2] < 2000, `${meanwhile} ms`);
    assert.equal((await (await fetch(`${clinic.nodes[0].admin}/healthz`)).status), 200);
  });
};

// Both engines at once: most of it is waiting.
test('a provider that stops, and one that never answers', { concurrency: 2 }, async (t) => {
  await Promise.all(stores.map((store) => t.test(`stopped mid-day and back (${store})`, (one) => scenario(one, store))));
  // By itself: what another story in this process does meanwhile would be measured too.
  for (const store of stores) await t.test(`accepts and says nothing (${store})`, (one) => hanging(one, store));
});
