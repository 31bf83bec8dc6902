// oidcc-rp-initiated-logout, oidcc-backchannel-rp-initiated-logout and oidcc-frontchannel-rp-initiated-logout test plans:
// each module signs in, sends the browser to the end_session_endpoint, and asks with prompt=none who is still there.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import { generateKeyPair, jwtVerify, SignJWT } from 'jose';
import { stores, until } from '../kit/clinic.mjs';
import { openBrowser } from '../kit/browser.mjs';
import {
  authorizationRequest, browser, callbackOf, checkErrorPage, checkRefusal, conformanceApp, open, postLogout, signIn, signInWith, startApp, startPlan, userInterface,
} from '../kit/conformance.mjs';
import { authorizeUrl, basic, claimsOf, decode, encode, post } from '../kit/hostile.mjs';

const frontChannel = 'https://localhost:8443/test/a/lanyard/frontchannel_logout';

const backChannel = '/test/a/lanyard/backchannel_logout';

async function world(t, store) {
  const listener = await startApp(t);
  const plan = await startPlan(t, store, [
    conformanceApp('conformance'), conformanceApp('conformance-rs256', { id_token_signed_response_alg: 'RS256', access_token_alg: 'RS256' }),
    conformanceApp('back', { backchannel_logout_uri: `${listener.base}${backChannel}`, backchannel_logout_session_required: true }),
    conformanceApp('front', { frontchannel_logout_uri: frontChannel, frontchannel_logout_session_required: true }),
  ]);
  return { ...plan, listener };
}

// Signs in and goes to the end_session_endpoint with hint, address and a long state, changed as the module wants it.
async function logOut(plan, change = () => ({}), { client = 'conformance', method = 'GET' } = {}) {
  const agent = browser();
  const signed = await signIn(plan, agent, { client_id: client });
  const state = randomBytes(96).toString('base64url');
  const parameters = { id_token_hint: signed.json.id_token, post_logout_redirect_uri: postLogout, state };
  Object.assign(parameters, await change(signed.json.id_token));
  for (const [name, value] of Object.entries(parameters)) if (value === null) delete parameters[name];
  const endpoint = plan.server.end_session_endpoint;
  const page = method === 'POST'
    ? await agent.follow(endpoint, new URL(endpoint).origin, { method, form: parameters, headers: { origin: 'https://localhost:8443', 'sec-fetch-site': 'cross-site' } })
    : await agent.follow(`${endpoint}${Object.keys(parameters).length ? '?' : ''}${encode(parameters)}`);
  return { agent, page, state, signed, client };
}

const isReturned = (address, parameters) => {
  const url = new URL(address);
  assert.equal(`${url.origin}${url.pathname}`, postLogout);
  assert.deepEqual(Object.fromEntries(url.searchParams), parameters, 'state alone, as it was sent');
};

async function nobodyIsLeft(plan, { agent, client }) {
  const parameters = authorizationRequest(plan, { client_id: client, prompt: 'none' });
  checkRefusal(plan, parameters, callbackOf(plan, await open(plan, agent, parameters)), userInterface);
}

async function stillSignedIn(plan, { agent, client }) {
  const { shown } = await signIn(plan, agent, { client_id: client, prompt: 'none' });
  assert.deepEqual(shown, [], 'an error ends no session');
}

const returns = (change, withState = true, more) => async (plan) => {
  const done = await logOut(plan, change, more);
  isReturned(done.page.location, withState ? { state: done.state } : {});
  await nobodyIsLeft(plan, done);
};

// The suite takes an error page for these: the app's address is never called.
const refused = (change, code) => async (plan) => {
  const done = await logOut(plan, change);
  checkErrorPage(done.page, code);
  await stillSignedIn(plan, done);
};

const isLoggedOut = (page) => {
  assert.equal(page.location, null);
  assert.match(page.text, /<h1[^>]*id="logged-out"/);
  assert.doesNotMatch(page.text, /localhost:8443/, 'nobody is sent anywhere');
  assert.equal(page.headers.get('refresh'), null);
};

// Without a hint it may be anybody's link: the person is asked, and then it is done.
const asksFirst = (change) => async (plan) => {
  const done = await logOut(plan, change);
  assert.match(done.page.text, /id="logout-confirm"/);
  isLoggedOut(await done.agent.submit(done.page, {}));
  await nobodyIsLeft(plan, done);
};

const unsigned = (token) => {
  const [header, claims] = token.split('.');
  return `${Buffer.from(JSON.stringify({ ...decode(header), alg: 'none' })).toString('base64url')}.${claims}.`;
};

// The suite's own key under our claims, with the kid of ours.
async function foreign(token) {
  const { alg, kid } = decode(token.split('.')[0]);
  const { privateKey } = await generateKeyPair(alg);
  return new SignJWT(decode(token.split('.')[1])).setProtectedHeader({ alg, kid, typ: 'JWT' }).sign(privateKey);
}

const rpInitiated = [
  ['oidcc-rp-initiated-logout-discovery-endpoint-verification', ({ server }) => {
    assert.ok(server.end_session_endpoint.startsWith(`${server.issuer}/`));
    assert.equal(server.check_session_iframe, undefined, 'session management is not offered');
  }],
  ['oidcc-rp-initiated-logout', returns()],
  ['oidcc-rp-initiated-logout, an app with RS256', returns(undefined, true, { client: 'conformance-rs256' })],
  ['oidcc-rp-initiated-logout, by POST', returns(undefined, true, { method: 'POST' })],
  ['oidcc-rp-initiated-logout-bad-post-logout-redirect-uri', refused(() => ({ post_logout_redirect_uri: `${postLogout}/${randomBytes(8).toString('hex')}` }), 'redirect_uri')],
  ['oidcc-rp-initiated-logout-query-added-to-post-logout-redirect-uri', refused(() => ({ post_logout_redirect_uri: `${postLogout}?foo=bar` }), 'redirect_uri')],
  ['oidcc-rp-initiated-logout-modified-id-token-hint', refused((token) => ({ id_token_hint: unsigned(token) }), 'logout_hint')],
  ['oidcc-rp-initiated-logout-bad-id-token-hint', refused(async (token) => ({ id_token_hint: await foreign(token) }), 'logout_hint')],
  ['oidcc-rp-initiated-logout-no-id-token-hint', refused(() => ({ id_token_hint: null }), 'redirect_uri')],
  ['oidcc-rp-initiated-logout-no-params', asksFirst(() => ({ id_token_hint: null, post_logout_redirect_uri: null, state: null }))],
  ['oidcc-rp-initiated-logout-only-state', asksFirst(() => ({ id_token_hint: null, post_logout_redirect_uri: null }))],
  ['oidcc-rp-initiated-logout-no-state', returns(() => ({ state: null }), false)],
  ['oidcc-rp-initiated-logout-no-post-logout-redirect-uri', async (plan) => {
    const done = await logOut(plan, () => ({ post_logout_redirect_uri: null }));
    isLoggedOut(done.page);
    await nobodyIsLeft(plan, done);
  }],
  ['client_id in place of the hint: the person is asked, and then returned', async (plan) => {
    const done = await logOut(plan, () => ({ id_token_hint: null, client_id: 'conformance' }));
    assert.match(done.page.text, /id="logout-confirm"/);
    isReturned((await done.agent.submit(done.page, {})).location, { state: done.state });
    await nobodyIsLeft(plan, done);
  }],
];

async function checkLogoutToken(plan, call, { idToken, json }) {
  assert.deepEqual([call.method, call.path, call.query, call.type], ['POST', backChannel, [], 'application/x-www-form-urlencoded']);
  assert.deepEqual(call.form.map(([name]) => name), ['logout_token'], 'nothing beside it');
  const token = call.form[0][1];
  const { alg, kid, typ } = decode(token.split('.')[0]);
  assert.deepEqual([alg, typ], [decode(json.id_token.split('.')[0]).alg, 'logout+jwt'], 'signed as ID tokens are');
  assert.ok(plan.jwks.keys.some((key) => key.kid === kid));
  const { payload } = await jwtVerify(token, plan.keys, { issuer: plan.server.issuer, audience: 'back' });
  assert.deepEqual([payload.sub, payload.sid, payload.nonce], [idToken.sub, idToken.sid, undefined]);
  assert.deepEqual(payload.events, { 'http://schemas.openid.net/event/backchannel-logout': {} });
  assert.ok(payload.jti && Math.abs(payload.iat - Date.now() / 1000) < 30);
  assert.ok(payload.exp > payload.iat && payload.exp - payload.iat <= 120, 'at most two minutes (2.4)');
}

const backChannelPlan = [
  ['oidcc-backchannel-logout-discovery-endpoint-verification', ({ server }) => {
    assert.deepEqual([server.backchannel_logout_supported, server.backchannel_logout_session_supported], [true, true]);
  }],
  ['oidcc-backchannel-rp-initiated-logout', async (plan) => {
    const begun = Date.now();
    const done = await logOut(plan, undefined, { client: 'back' });
    isReturned(done.page.location, { state: done.state });
    await until('the logout token', () => plan.listener.calls.length > 0, 10000);
    assert.ok(plan.listener.calls[0].at - begun < 10000, 'while the person is still on the way');
    await checkLogoutToken(plan, plan.listener.calls[0], done.signed);
    await nobodyIsLeft(plan, done);
    assert.equal(plan.listener.calls.length, 1, 'a message that was taken is not sent again');
  }],
];

const frontChannelPlan = [
  ['oidcc-frontchannel-logout-discovery-endpoint-verification', ({ server }) => {
    assert.deepEqual([server.frontchannel_logout_supported, server.frontchannel_logout_session_supported], [true, true]);
  }],
  ['oidcc-frontchannel-rp-initiated-logout', async (plan) => {
    const done = await logOut(plan, undefined, { client: 'front' });
    const { page, state, signed } = done;
    const frames = [...page.text.matchAll(/<iframe[^>]*src="([^"]*)"/g)].map(([, address]) => new URL(address.replaceAll('&amp;', '&')));
    assert.equal(frames.length, 1);
    assert.equal(`${frames[0].origin}${frames[0].pathname}`, frontChannel);
    assert.deepEqual(Object.fromEntries(frames[0].searchParams), { iss: plan.server.issuer, sid: signed.idToken.sid }, 'iss and sid alone');
    assert.match(page.headers.get('content-security-policy'), /frame-src \S+ https:\/\/localhost:8443(;|$)/, 'the browser may load it');
    const [, seconds, onward] = /^(\d+);url=(.*)$/.exec(page.headers.get('refresh'));
    assert.ok(seconds >= 1 && seconds <= 5, 'frames have time, people do not wait');
    isReturned(onward, { state });
    assert.match(page.text, /id="continue"[^>]*href="https:\/\/localhost:8443\/test\/a\/lanyard\/post_logout_redirect\?/);
    await nobodyIsLeft(plan, done);
  }],
];

for (const store of stores) {
  test(`the logout plans (${store})`, { concurrency: true }, async (t) => {
    const plan = await world(t, store);
    await Promise.all([...rpInitiated, ...backChannelPlan, ...frontChannelPlan].map(([name, module]) => t.test(name, () => module(plan))));
  });
}

test('Chromium loads the app\'s frame, then goes on to the app by itself', async (t) => {
  const app = await startApp(t);
  const [callback, frame, bye] = ['/callback', '/frontchannel_logout', '/post_logout_redirect'].map((path) => `${app.base}${path}`);
  const plan = await startPlan(t, 'sqlite', [conformanceApp('front', { redirect_uris: [callback], post_logout_redirect_uris: [bye], frontchannel_logout_uri: frame, frontchannel_logout_session_required: true })]);
  const chromium = await openBrowser();
  t.after(() => chromium.close());
  const page = await chromium.newPage();
  await page.goto(authorizeUrl(plan.clinic, authorizationRequest(plan, { client_id: 'front', redirect_uri: callback })));
  await signInWith(page);
  await page.waitForURL(`${callback}?*`);
  const code = new URL(page.url()).searchParams.get('code');
  const { json } = await post(plan.clinic, '/oauth2/token', { grant_type: 'authorization_code', code, redirect_uri: callback }, basic('front'));
  await page.goto(`${plan.server.end_session_endpoint}?${encode({ id_token_hint: json.id_token, post_logout_redirect_uri: bye, state: 'over' })}`);
  await page.waitForURL(`${bye}?state=over`, { timeout: 10000 });
  assert.deepEqual(app.at('/frontchannel_logout').map(({ method, into, query }) => [method, into, Object.fromEntries(query)]), [['GET', 'iframe', { iss: plan.server.issuer, sid: claimsOf(json.id_token).sid }]]);
});
