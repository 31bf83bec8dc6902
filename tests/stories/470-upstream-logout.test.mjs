// The end of a session there is the end of ours, told by back channel or in a frame; what is not signed, not fresh or not for
// us has no effect (security.md D12; OpenID Connect Back-Channel Logout 2.6). Where the connection says so, our sign-out
// signs out there.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Agent } from '../kit/agent.mjs';
import { startClinic, stores, until } from '../kit/clinic.mjs';
import { app, bye, encode, post, register, tokens as ownTokens } from '../kit/hostile.mjs';
import { b64, ecKey } from '../kit/forge.mjs';
import { idToken, logoutToken, startLiar } from '../kit/liar-oidc.mjs';
import { connection, count, declare, isActive, liarConnection, mapping, signInBy, travel, untilInactive } from '../kit/upstream.mjs';
import { secretOf, startProvider } from '../kit/upstream-oidc.mjs';

const now = () => Math.floor(Date.now() / 1000);
const person = (name) => ({ sub: `sub-${name}`, email: `${name}@corp.example`, given_name: name, family_name: 'Hale', groups: ['Doctors'] });
const by = (name) => ({ connection: name, app: { tenant: 'northside' } });

for (const store of stores) {
  test(`a real provider ends sessions, and is told of the end (${store})`, async (t) => {
    const clinic = await startClinic({ store });
    const op = await startProvider(clinic, { dress: 'okta', people: { kim: person('kim') }, connections: [['okta'], ['told']] });
    t.after(async () => { await op.stop(); await clinic.stop(); });
    register(clinic, app('story'));
    const of = (id, more = {}) => connection(id, { issuer: op.issuer, client_secret: secretOf(id), mapping, ...more });
    declare(clinic, [of('okta'), of('told', { upstream_logout: true, provision: { create: true } })]);

    await t.test('signing out there ends the session here, by back channel', async () => {
      const { agent, access_token } = await signInBy(clinic, by('okta'));
      assert.equal(await isActive(clinic, access_token), true);
      await travel(agent, `${op.issuer}/session/end`);
      await until('the logout token to be sent', () => op.backchannel.length > 0);
      assert.deepEqual(op.backchannel, [['okta', 'ok']]);
      await untilInactive(clinic, access_token);
      assert.equal(count(clinic, 'upstream.logout'), 1);
    });

    await t.test('signing out here leaves the session there alone, unless the connection says otherwise', async () => {
      const { agent } = await signInBy(clinic, by('okta'));
      const ends = op.count('/session/end');
      let page = await agent.follow(`${clinic.issuer}/logout`);
      page = await travel(agent, await agent.submit(page, {}));
      assert.match(page.text, /id="logged-out"/);
      assert.equal(op.count('/session/end'), ends);
    });

    await t.test('upstream_logout: the browser goes there with the ID token, and comes back', async () => {
      op.people.kim = { ...person('kim2') };
      const { agent, access_token } = await signInBy(clinic, by('told'));
      const page = await agent.follow(`${clinic.issuer}/logout`);
      const trail = [];
      const end = await travel(agent, await agent.submit(page, {}), { trail });
      assert.equal(await isActive(clinic, access_token), false);
      const asked = op.lastAsked('/session/end');
      assert.ok(asked, trail.join('\n'));
      assert.ok(asked.id_token_hint?.split('.').length === 3 || asked.client_id, JSON.stringify(asked));
      assert.match(end.text, /id="logged-out"/, trail.join('\n'));
      assert.ok(op.backchannel.every(([, how]) => how === 'ok'), JSON.stringify(op.backchannel));
    });

    await t.test('an app\'s own sign-out goes there too, and ends at the app', async () => {
      op.people.kim = { ...person('kim3') };
      register(clinic, app('story'));
      const { agent, id_token, access_token } = await signInBy(clinic, by('told'));
      const before = op.count('/session/end');
      const end = await travel(agent, `${clinic.issuer}/oauth2/logout?${encode({ id_token_hint: id_token, post_logout_redirect_uri: bye, state: 'st' })}`, { before: (url) => url.startsWith(bye) });
      assert.equal(end.location, `${bye}?state=st`, end.text);
      assert.equal(op.count('/session/end'), before + 1);
      assert.equal(await isActive(clinic, access_token), false);
    });
  });

  test(`logout tokens count when they are signed, fresh, for us and new (${store})`, async (t) => {
    const clinic = await startClinic({ store });
    const liar = await startLiar();
    t.after(async () => { liar.stop(); await clinic.stop(); });
    register(clinic, app('story'));
    const op = liar.add('main', person('kim'));
    const other = liar.add('other', person('kim-other'));
    declare(clinic, [liarConnection(op), liarConnection(other)]);
    const tell = (token, name = 'main', more = {}) => post(clinic, `/federation/${name}/backchannel-logout`, { logout_token: token, ...more });
    let session = await signInBy(clinic, by('main'));
    const local = await ownTokens(clinic, new Agent(), { tenant: 'northside' });
    const foreign = await signInBy(clinic, by('other'));
    const alive = async () => assert.deepEqual([await isActive(clinic, session.access_token), await isActive(clinic, local.access_token), await isActive(clinic, foreign.access_token)], [true, true, true]);
    const stranger = ecKey();

    // [name, token]: none has an effect.
    const bad = () => [
      ['no token', ''], ['no JWT', 'x.y.z'], ['another key', logoutToken(op, {}, { key: stranger })], ['another key in its header', logoutToken(op, {}, { key: stranger, header: { jwk: stranger.publicKey.export({ format: 'jwk' }) } })],
      ['alg none', `${b64({ alg: 'none', typ: 'logout+jwt' })}.${logoutToken(op).split('.')[1]}.`], ['no signature', logoutToken(op).replace(/[^.]*$/, '')],
      ['another issuer', logoutToken(op, { iss: other.issuer })], ['another client', logoutToken(op, { aud: other.client })], ['no audience', logoutToken(op, { aud: undefined })],
      ['the provider beside it', logoutToken(other)], ['a nonce', logoutToken(op, { nonce: 'n' })], ['no event', logoutToken(op, { events: undefined })], ['another event', logoutToken(op, { events: { 'https://evil.example': {} } })],
      ['an event that is text', logoutToken(op, { events: 'http://schemas.openid.net/event/backchannel-logout' })], ['nobody', logoutToken(op, { sub: undefined, sid: undefined })], ['somebody else', logoutToken(op, { sub: 'sub-x', sid: undefined })],
      ['another session', logoutToken(op, { sid: 'sid-x' })], ['no jti', logoutToken(op, { jti: undefined })], ['no iat', logoutToken(op, { iat: undefined })], ['made an hour ago', logoutToken(op, { iat: now() - 3600, exp: now() + 60 })],
      ['made in an hour', logoutToken(op, { iat: now() + 3600, exp: now() + 3700 })], ['ended', logoutToken(op, { iat: now() - 200, exp: now() - 100 })], ['an access token\'s typ', logoutToken(op, {}, { header: { typ: 'at+jwt' } })],
      ['crit', logoutToken(op, {}, { header: { crit: ['exp'] } })], ['the ID token', idToken(op, { nonce: 'n', person: op.person }, 'x')],
    ];
    for (const [name, token] of bad()) {
      await t.test(`a logout token with ${name} has no effect`, async () => {
        const answer = await tell(token);
        assert.ok([200, 400].includes(answer.status), `${answer.status}`);
        if (!['somebody else', 'another session'].includes(name)) assert.equal(answer.status, 400, answer.text);
        await alive();
      });
    }

    await t.test('a sound one at another connection\'s address has no effect', async () => {
      assert.equal((await tell(logoutToken(op), 'other')).status, 400);
      assert.ok((await tell(logoutToken(op), 'nobody')).status >= 400);
      assert.equal((await fetch(`${clinic.issuer}/federation/main/backchannel-logout?logout_token=${logoutToken(op)}`, { redirect: 'manual' })).status >= 400, true, 'by GET');
      await alive();
    });

    let spent;
    await t.test('a sound one ends that session, and no other', async () => {
      spent = logoutToken(op);
      const answer = await tell(spent);
      assert.deepEqual([answer.status, answer.headers.get('cache-control')?.includes('no-store')], [200, true], answer.text);
      await untilInactive(clinic, session.access_token);
      assert.deepEqual([await isActive(clinic, local.access_token), await isActive(clinic, foreign.access_token)], [true, true]);
    });

    await t.test('the same one again has no effect on the next session', async () => {
      session = await signInBy(clinic, by('main'));
      assert.equal((await tell(spent)).status, 400);
      await alive();
    });

    await t.test('by sid alone, and by sub alone for all sessions of the person', async () => {
      assert.equal((await tell(logoutToken(op, { sub: undefined }))).status, 200);
      await untilInactive(clinic, session.access_token);
      const two = [await signInBy(clinic, by('main')), await signInBy(clinic, by('main'))];
      assert.equal((await tell(logoutToken(op, { sid: undefined }))).status, 200);
      for (const one of two) await untilInactive(clinic, one.access_token);
      assert.equal(await isActive(clinic, foreign.access_token), true);
      session = await signInBy(clinic, by('main'));
    });

    await t.test('64 parallel deliveries of one token: one is heard', async () => {
      const heard = count(clinic, 'upstream.logout');
      const token = logoutToken(op, { sub: undefined });
      const answers = await Promise.all(Array.from({ length: 64 }, () => tell(token)));
      assert.equal(answers.filter((answer) => answer.status === 200).length, 1, JSON.stringify(answers.map((answer) => answer.status)));
      assert.equal(count(clinic, 'upstream.logout') - heard, 1);
      session = await signInBy(clinic, by('main'));
    });

    const frame = (values) => `${clinic.issuer}/federation/main/frontchannel-logout?${encode(values)}`;
    await t.test('a frame with another issuer, session or connection has no effect', async () => {
      for (const values of [{}, { iss: op.issuer }, { sid: 'sid-sub-kim' }, { iss: other.issuer, sid: 'sid-sub-kim' }, { iss: op.issuer, sid: 'sid-x' }, { iss: `${op.issuer}/`, sid: 'sid-sub-kim' }]) {
        const answer = await session.agent.send(frame(values));
        assert.ok(!answer.location, JSON.stringify(values));
        assert.equal(await isActive(clinic, session.access_token), true, JSON.stringify(values));
      }
      await session.agent.send(frame({ iss: op.issuer, sid: 'sid-sub-kim' }).replace('/main/', '/other/'));
      assert.equal(await isActive(clinic, session.access_token), true);
    });

    await t.test('a frame that names issuer and session ends it, and may be shown in a frame', async () => {
      const answer = await session.agent.send(frame({ iss: op.issuer, sid: 'sid-sub-kim' }));
      assert.equal(answer.status, 200, answer.text);
      await untilInactive(clinic, session.access_token);
      assert.deepEqual([await isActive(clinic, local.access_token), await isActive(clinic, foreign.access_token)], [true, true]);
      assert.match(answer.headers.get('cache-control') ?? '', /no-store/);
    });
  });
}
