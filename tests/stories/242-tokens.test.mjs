// A token is believed only in the one spelling that we wrote, at the one door that it was made for (RFC 8725, RFC 9068 4,
// RFC 7523 3).
import assert from 'node:assert/strict';
import http from 'node:http';
import { randomUUID } from 'node:crypto';
import { test } from 'node:test';
import { Agent, formOf } from '../kit/agent.mjs';
import { startClinic, stores, until } from '../kit/clinic.mjs';
import { ecKey, forgeries, mutations, otherSpellings, publicJwk, signed } from '../kit/forge.mjs';
import { app, authorize, authorizeUrl, basic, bearer, bye, cookieOf, encode, get, introspect, post, register, request, secretOf, short, tokens, userinfo } from '../kit/hostile.mjs';

const assertionType = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer';
const key = ecKey();
const jwks = { keys: [publicJwk(key, { kid: 'app-key', use: 'sig', alg: 'ES256' })] };
const keyed = (n) => app(`keyed${n}`, { client_secret: undefined, token_endpoint_auth_method: 'private_key_jwt', jwks, practices: ['northside'] });
const perClient = 15; // failures, below the budget of one app at one address
const apps = 8;

const assertion = (clinic, id, more = {}) => signed({ alg: 'ES256', kid: 'app-key', typ: 'JWT' },
  { iss: id, sub: id, aud: clinic.issuer, jti: randomUUID(), iat: Math.floor(Date.now() / 1000), exp: Math.floor(Date.now() / 1000) + 60, ...more }, key);
const showAssertion = (clinic, text) => post(clinic, '/oauth2/token', { grant_type: 'client_credentials', client_assertion_type: assertionType, client_assertion: text });
const inForm = (clinic, token) => post(clinic, '/oauth2/userinfo', { access_token: token });

async function listener() {
  const seen = [];
  const server = http.createServer((ask, answer) => {
    let text = '';
    ask.on('data', (data) => { text += data; });
    ask.on('end', () => { seen.push(new URLSearchParams(text).get('logout_token')); answer.writeHead(200).end(); });
  });
  await new Promise((done) => server.listen(0, '127.0.0.1', done));
  return { url: `http://localhost:${server.address().port}/bc`, seen, stop: () => server.close() };
}

const some = (list) => list.filter((_, at) => !short || at % 5 === 0);

for (const store of stores) {
  test(`forged and damaged tokens are refused at each door (${store})`, async (t) => {
    const clinic = await startClinic({ store });
    t.after(() => clinic.stop());
    register(clinic, app('story'), ...Array.from({ length: apps }, (_, n) => keyed(n)));
    const agent = new Agent();
    const mine = await tokens(clinic, agent);
    const published = (await get(clinic, '/oauth2/jwks')).json;
    const alive = async () => {
      assert.equal((await inForm(clinic, mine.access_token)).status, 200);
      assert.equal((await introspect(clinic, mine.access_token)).active, true);
    };
    await alive();

    const noAccessToken = async (name, token) => {
      const shown = await inForm(clinic, token);
      assert.deepEqual([shown.status, shown.json?.error], [401, 'invalid_token'], `userinfo: ${name}: ${shown.text}`);
      assert.match(shown.headers.get('www-authenticate'), /^Bearer /);
      assert.deepEqual(await introspect(clinic, token), { active: false }, `introspection: ${name}`);
    };

    for (const [name, token] of forgeries(mine.access_token, 'at+jwt', published)) {
      await t.test(`access token: ${name}`, () => noAccessToken(name, token));
    }

    await t.test('access token: each position cut, changed, longer', async () => {
      for (const [name, token] of some(mutations(mine.access_token, 7))) await noAccessToken(name, token);
      for (const token of otherSpellings(mine.access_token)) await noAccessToken('another spelling of the same bytes', token);
      await alive();
    });

    await t.test('refresh token: each position cut, changed, longer, and the family lives on', async () => {
      for (const [name, token] of some(mutations(mine.refresh_token, 3))) {
        const answer = await post(clinic, '/oauth2/token', { grant_type: 'refresh_token', refresh_token: token }, basic('story'));
        assert.deepEqual([answer.status, answer.json.error], [400, 'invalid_grant'], name);
        assert.deepEqual(await introspect(clinic, token), { active: false }, name);
      }
      await alive();
    });

    await t.test('session cookie: each position cut, changed, longer', async () => {
      const cookie = cookieOf(agent, clinic, 'lanyard-session');
      const home = (value) => get(clinic, '/', { cookie: `lanyard-session=${value}` });
      assert.match((await home(cookie)).text, /id="signed-in"/);
      for (const [name, value] of mutations(cookie)) assert.doesNotMatch((await home(value)).text, /id="signed-in"/, name);
      for (const value of otherSpellings(cookie)) assert.doesNotMatch((await home(value)).text, /id="signed-in"/, value);
      const twice = await get(clinic, '/', { cookie: `lanyard-session=${cookie}; lanyard-session=${cookie.slice(0, -1)}` });
      assert.doesNotMatch(twice.text, /id="signed-in"/, 'two different ones');
    });

    const hints = forgeries(mine.id_token, 'JWT', published);
    await t.test(`${hints.length} forged ID tokens are no hint at authorize and logout`, async () => {
      for (const [name, id_token_hint] of hints) {
        const answer = await agent.send(authorizeUrl(clinic, request({ id_token_hint, prompt: 'none' }).parameters));
        const told = answer.location && new URL(answer.location).searchParams;
        assert.ok(answer.status === 400 || told?.get('error') === 'invalid_request', `${name}: ${answer.status} ${answer.location}`);
        const out = await agent.send(`${clinic.issuer}/oauth2/logout?${encode({ id_token_hint, post_logout_redirect_uri: bye })}`);
        assert.deepEqual([out.status, out.location], [400, null], name);
      }
      await alive();
    });

    await t.test('forged assertions authenticate nobody', async () => {
      const ids = Array.from({ length: apps }, (_, n) => `keyed${n}`);
      for (const id of ids) assert.equal((await showAssertion(clinic, assertion(clinic, id))).status, 200, id);
      const forged = ids.flatMap((id, n) => forgeries(assertion(clinic, id), 'JWT', jwks).slice(n * perClient, (n + 1) * perClient));
      assert.equal(forged.length, forgeries(assertion(clinic, 'keyed0'), 'JWT', jwks).length, 'apps enough for all');
      for (const [name, forgery] of forged) {
        const answer = await showAssertion(clinic, forgery);
        // What cannot be read names no app: strangers share one budget, then wait.
        assert.ok(['client_auth', 'too_many'].includes(answer.json.code), `${name}: ${answer.status} ${answer.text}`);
        assert.ok([401, 429].includes(answer.status));
      }
      for (const id of ids) assert.equal((await showAssertion(clinic, assertion(clinic, id))).status, 200, `${id} is still itself`);
    });
  });

  test(`no handle opens a door that it was not made for (${store})`, async (t) => {
    const clinic = await startClinic({ store });
    const bc = await listener();
    t.after(async () => { bc.stop(); await clinic.stop(); });
    register(clinic, app('story', { backchannel_logout_uri: bc.url, resources: ['https://api.example'] }), app('door'), app('told', { backchannel_logout_uri: bc.url }));

    // A logout token, from a session of its own.
    const gone = new Agent();
    await tokens(clinic, gone, { client_id: 'told' });
    await gone.submit(await gone.follow(`${clinic.issuer}/logout`), {});
    await until('a logout token', () => bc.seen.length > 0, 15000);

    const agent = new Agent();
    const mine = await tokens(clinic, agent);
    const { form } = await authorize(clinic, agent);
    const { code: spent } = await tokens(clinic, agent);
    const stranger = new Agent();
    const login = await stranger.follow(authorizeUrl(clinic, request().parameters));
    const page = formOf(login.text);
    const machine = await post(clinic, '/oauth2/token', { grant_type: 'client_credentials', tenant: 'northside' }, basic('story'));
    const pushed = await post(clinic, '/oauth2/par', request().parameters, basic('story'));
    const elsewhere = await tokens(clinic, agent, { resource: 'https://api.example' });
    assert.equal(pushed.status, 201, pushed.text);
    const claims = JSON.parse(Buffer.from(mine.id_token.split('.')[1], 'base64url'));

    const handles = {
      'access token': mine.access_token, 'access token for an API': elsewhere.access_token, 'app\'s own token': machine.json.access_token, 'ID token': mine.id_token, 'refresh token': mine.refresh_token,
      'logout token': bc.seen[0], code: form.code, 'spent code': spent, 'session cookie': cookieOf(agent, clinic, 'lanyard-session'), 'flow cookie': cookieOf(stranger, clinic, 'lanyard-flow'),
      request_uri: pushed.json.request_uri, 'handle of a request_uri': pushed.json.request_uri.split(':').at(-1), 'flow id': page.fields.flow, 'form token': page.fields.csrf,
      sid: claims.sid, sub: claims.sub, 'client secret': secretOf('story'),
    };

    // A door: who may pass, and how it is tried. A refusal is what each says it is.
    const doors = {
      userinfo: { opens: ['access token'], try: async (h) => (await inForm(clinic, h)).status === 200 },
      'userinfo by header': { opens: ['access token'], try: async (h) => (await get(clinic, '/oauth2/userinfo', bearer(h))).status === 200 },
      introspection: { opens: ['access token', 'access token for an API', "app's own token", 'refresh token'], try: async (h) => (await introspect(clinic, h)).active },
      'introspection by another app': { opens: [], try: async (h) => (await introspect(clinic, h, 'door')).active },
      'code grant': { opens: ['code'], try: async (h) => (await post(clinic, '/oauth2/token', { ...form, code: h }, basic('story'))).status === 200 },
      'refresh grant': { opens: ['refresh token'], try: async (h) => (await post(clinic, '/oauth2/token', { grant_type: 'refresh_token', refresh_token: h }, basic('story'))).status === 200 },
      request_uri: { opens: ['request_uri'], try: async (h) => (await new Agent().send(authorizeUrl(clinic, { client_id: 'story', request_uri: h }))).location?.includes('/login?flow=') ?? false },
      'prefixed request_uri': { opens: ['handle of a request_uri'], try: async (h) => (await new Agent().send(authorizeUrl(clinic, { client_id: 'story', request_uri: `urn:ietf:params:oauth:request_uri:${h}` }))).location?.includes('/login?flow=') ?? false },
      'session cookie': { opens: ['session cookie'], try: async (h) => /id="signed-in"/.test((await get(clinic, '/', { cookie: `lanyard-session=${h}` })).text) },
      'flow cookie': { opens: ['flow cookie'], try: async (h) => (await get(clinic, `/login/password?flow=${page.fields.flow}`, { cookie: `lanyard-flow=${h}` })).text.includes(page.fields.flow) },
      'flow id': { opens: ['flow id'], try: async (h) => /id="login-form"/.test((await stranger.send(`${clinic.issuer}/login/password?${encode({ flow: h })}`)).text) },
      'form token': { opens: ['form token'], try: async (h) => (await stranger.send(`${clinic.issuer}/login/password`, { method: 'POST', form: { flow: page.fields.flow, csrf: h, username: '', password: '' } })).text.includes('sign_in_failed') },
      'hint at authorize': { opens: ['ID token'], try: async (h) => Boolean(new URL((await agent.send(authorizeUrl(clinic, request({ prompt: 'none', id_token_hint: h }).parameters))).location ?? 'x:').searchParams.get('code')) },
      'hint at logout': { opens: ['ID token'], try: async (h) => (await new Agent().send(`${clinic.issuer}/oauth2/logout?${encode({ id_token_hint: h, post_logout_redirect_uri: bye })}`)).location === bye },
      'client secret': { opens: [], try: async (h) => (await post(clinic, '/oauth2/introspect', { token: 'x' }, basic('door', h))).status === 200 },
      assertion: { opens: [], try: async (h) => (await showAssertion(clinic, h)).status === 200 },
      password: { opens: [], try: async (h) => /id="signed-in"/.test((await stranger.send(`${clinic.issuer}/login/password`, { method: 'POST', form: { ...page.fields, username: claims.sub, password: h } })).text) },
      revocation: { opens: [], try: async (h) => { await post(clinic, '/oauth2/revoke', { token: h }, basic('door')); return (await introspect(clinic, mine.access_token)).active !== true; } },
    };
    const once = new Set(['code grant', 'request_uri', 'prefixed request_uri']);

    for (const [door, { opens, try: attempt }] of Object.entries(doors)) {
      await t.test(`${door}: ${opens.length ? `only ${opens.join(', ')}` : 'none of them'}`, async () => {
        for (const [kind, handle] of Object.entries(handles)) if (!opens.includes(kind)) assert.equal(await attempt(handle), false, `${kind} at ${door}`);
        assert.ok(Object.keys(handles).length > opens.length);
      });
    }
    // The doors do open: last, because some handles are gone afterwards.
    await t.test('each handle opens its own door', async () => {
      for (const [door, { opens, try: attempt }] of Object.entries(doors)) {
        for (const kind of opens) {
          if (door === 'prefixed request_uri') handles[kind] = (await post(clinic, '/oauth2/par', request().parameters, basic('story'))).json.request_uri.split(':').at(-1);
          assert.equal(await attempt(handles[kind]), true, `${kind} at ${door}`);
          if (once.has(door)) assert.equal(await attempt(handles[kind]), false, `${kind} again at ${door}`);
        }
      }
      assert.equal((await userinfo(clinic, mine.access_token)).status, 200);
    });
  });
}
