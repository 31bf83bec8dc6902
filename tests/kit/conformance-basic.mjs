// conformance-basic.mjs: the modules of oidcc-basic-certification-test-plan, for either response mode. Each row is one
// module of the suite by its name, with what it does and the conditions that it checks, warnings too.
import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { sleep } from './clinic.mjs';
import {
  askToken, authorizationRequest, browser, callbackOf, checkErrorPage, checkIdToken, checkRefusal, checkTokenAnswer, checkTokenError, checkUserinfo, conformanceApp, open, redeem,
  redirect, signIn, userInterface, userinfoBy,
} from './conformance.mjs';

export const basicApps = () => [
  conformanceApp('conformance'), conformanceApp('conformance-second'), conformanceApp('conformance-post', { token_endpoint_auth_method: 'client_secret_post' }),
];

const scopeModule = (scope) => async (plan) => {
  await signIn(plan, browser(), { scope });
};

const succeedsWith = (overrides) => async (plan) => { await signIn(plan, browser(), overrides); };

// AbstractOIDCCSameAuthTwice: the second time nobody is asked, and it is the same sign-in.
const sameAuthTwice = (second) => async (plan) => {
  const agent = browser();
  const one = await signIn(plan, agent);
  assert.ok(one.shown.includes('login'));
  await sleep(1100);
  const two = await signIn(plan, agent, second(one));
  assert.deepEqual(two.shown, [], 'nobody is asked again');
  assert.deepEqual([two.idToken.sub, two.idToken.auth_time], [one.idToken.sub, one.idToken.auth_time]);
  assert.notEqual(two.answer.code, one.answer.code);
};

// prompt=login and max_age=1: the second time the person signs in again, and the ID token says when.
const signsInAgain = (second, ms) => async (plan) => {
  const agent = browser();
  const one = await signIn(plan, agent);
  await sleep(ms);
  const two = await signIn(plan, agent, second);
  assert.ok(two.shown.includes('login'), 'a second sign-in page');
  assert.equal(two.idToken.sub, one.idToken.sub);
  assert.ok(two.idToken.auth_time > one.idToken.auth_time, 'auth_time is of the second sign-in');
  assert.ok(Math.abs(two.idToken.auth_time - Date.now() / 1000) < 30, 'auth_time is recent');
};

const userinfoModule = (by) => async (plan) => {
  const { json, idToken } = await signIn(plan, browser(), { scope: 'openid email' });
  checkUserinfo(await userinfoBy[by](plan, json.access_token), idToken, 'openid email');
};

// RFC 6749 4.1.2: the second time is refused, and what the first time gave is taken back.
async function reuse(plan, ms) {
  const { answer, json } = await signIn(plan, browser());
  await sleep(ms);
  checkTokenError(await redeem(plan, 'conformance', answer.code), 'invalid_grant');
  for (const by of Object.values(userinfoBy)) assert.equal((await by(plan, json.access_token)).status, 401, 'the access token is revoked');
  if (json.refresh_token) checkTokenError(await askToken(plan, 'conformance', { grant_type: 'refresh_token', refresh_token: json.refresh_token }), 'invalid_grant');
}

// A request object with alg none and all parameters in it; beside it what OAuth asks for.
function requestObject(plan, outside = {}) {
  const all = authorizationRequest(plan);
  const object = [{ alg: 'none' }, { ...all, iss: all.client_id, aud: plan.server.issuer }].map((part) => Buffer.from(JSON.stringify(part)).toString('base64url'));
  const { client_id, response_type, scope, redirect_uri } = all;
  return { request: `${object.join('.')}.`, client_id, response_type, scope, redirect_uri, ...outside };
}

// OpenID Connect Core 12.2.
async function refreshed(plan, client, one, more = {}) {
  assert.match(one.json.refresh_token, /^[\x20-\x7e]{22,}$/);
  assert.ok(plan.server.grant_types_supported.includes('refresh_token'));
  await sleep(1100);
  const answer = await askToken(plan, client, { grant_type: 'refresh_token', refresh_token: one.json.refresh_token, ...more });
  checkTokenAnswer(answer);
  const idToken = await checkIdToken(plan, client, answer.json, {});
  for (const name of ['iss', 'sub', 'aud', 'azp', 'auth_time']) assert.equal(idToken[name], one.idToken[name], name);
  assert.ok(idToken.iat > one.idToken.iat, 'iat is of the new ID token');
  assert.notEqual(answer.json.access_token, one.json.access_token);
  checkUserinfo(await userinfoBy.get(plan, answer.json.access_token), idToken);
  return answer.json;
}

export const basicModules = [
  ['oidcc-server', async (plan) => {
    const { shown, idToken } = await signIn(plan, browser());
    assert.deepEqual(shown, ['login', 'consent']);
    assert.match(idToken.sid, /./, 'sid, for logout');
  }],
  ['oidcc-response-type-missing', async (plan) => {
    const parameters = authorizationRequest(plan, { response_type: null });
    checkRefusal(plan, parameters, callbackOf(plan, await open(plan, browser(), parameters)), ['invalid_request', 'unsupported_response_type']);
  }],
  ['oidcc-idtoken-signature', async (plan) => { // every key of the server's can be told apart, and one of them signed
    const { json } = await signIn(plan, browser());
    const { alg, kid } = JSON.parse(Buffer.from(json.id_token.split('.')[0], 'base64url'));
    assert.notEqual(alg, 'none');
    assert.ok(kid);
  }],
  ['oidcc-idtoken-unsigned', async (plan) => {
    assert.ok(!plan.server.id_token_signing_alg_values_supported.includes('none'), 'not offered: the module is skipped');
  }],
  ['oidcc-userinfo-get', userinfoModule('get')],
  ['oidcc-userinfo-post-header', userinfoModule('header')],
  ['oidcc-userinfo-post-body', userinfoModule('body')],
  ['oidcc-ensure-request-without-nonce-succeeds-for-code-flow', succeedsWith({ nonce: null })],
  ['oidcc-scope-profile', scopeModule('openid profile')],
  ['oidcc-scope-email', scopeModule('openid email')],
  ['oidcc-scope-address', scopeModule('openid address')],
  ['oidcc-scope-phone', scopeModule('openid phone')],
  ['oidcc-scope-all', scopeModule('openid address email phone profile')],
  ['oidcc-ensure-other-scope-order-succeeds', scopeModule('email openid')],
  ['oidcc-display-page', succeedsWith({ display: 'page' })],
  ['oidcc-display-popup', succeedsWith({ display: 'popup' })],
  ['oidcc-prompt-login', signsInAgain({ prompt: 'login' }, 1100)],
  ['oidcc-prompt-none-not-logged-in', async (plan) => {
    const parameters = authorizationRequest(plan, { prompt: 'none', state: randomBytes(96).toString('base64url') });
    checkRefusal(plan, parameters, callbackOf(plan, await open(plan, browser(), parameters)), userInterface);
  }],
  ['oidcc-prompt-none-logged-in', sameAuthTwice(() => ({ prompt: 'none' }))],
  ['oidcc-max-age-1', signsInAgain({ max_age: '1' }, 2100)],
  ['oidcc-max-age-10000', sameAuthTwice(() => ({ max_age: '10000' }))],
  ['oidcc-ensure-request-with-unknown-parameter-succeeds', succeedsWith({ extra: 'foobar' })],
  ['oidcc-id-token-hint', sameAuthTwice((one) => ({ prompt: 'none', id_token_hint: one.json.id_token }))],
  ['oidcc-login-hint', async (plan) => {
    const agent = browser();
    const hint = `buffy@${new URL(plan.server.issuer).hostname}`;
    await signIn(plan, agent, { login_hint: hint }, {
      first: async (parameters) => {
        const page = await open(plan, agent, parameters);
        assert.ok(page.text.includes(`value="${hint}"`), 'the hint stands in the form');
        return page;
      },
    });
  }],
  ['oidcc-ui-locales', succeedsWith({ ui_locales: 'se' })],
  ['oidcc-claims-locales', succeedsWith({ claims_locales: 'se' })],
  ['oidcc-ensure-request-with-acr-values-succeeds', async (plan) => {
    const { idToken } = await signIn(plan, browser(), { acr_values: plan.server.acr_values_supported.join(' ') });
    assert.ok(plan.server.acr_values_supported.includes(idToken.acr), 'one of those asked for');
    const other = await signIn(plan, browser(), { acr_values: '1 2' });
    assert.equal(other.idToken.acr, idToken.acr, 'an acr that is not there is no error');
  }],
  ['oidcc-codereuse', (plan) => reuse(plan, 0)],
  ['oidcc-codereuse-30seconds', (plan) => reuse(plan, process.env.SOAK ? 30000 : 1000)],
  ['oidcc-ensure-registered-redirect-uri', async (plan) => {
    const parameters = authorizationRequest(plan, { redirect_uri: `${redirect}/${randomBytes(8).toString('hex')}` });
    checkErrorPage(await open(plan, browser(), parameters), 'redirect_uri');
  }],
  ['oidcc-ensure-post-request-succeeds', async (plan) => {
    const agent = browser();
    const { origin, pathname } = new URL(plan.server.authorization_endpoint);
    // From another site: no cookie of ours comes along, and Origin is the suite's.
    await signIn(plan, agent, {}, { first: (form) => agent.follow(`${origin}${pathname}`, origin, { method: 'POST', form, headers: { origin: 'https://localhost:8443', 'sec-fetch-site': 'cross-site' } }) });
  }],
  ['oidcc-server-client-secret-post', succeedsWith({ client_id: 'conformance-post' })],
  ['oidcc-request-uri-unsigned-supported-correctly-or-rejected-as-unsupported', async (plan) => {
    assert.equal(plan.server.request_uri_parameter_supported, false);
    const parameters = authorizationRequest(plan, { request_uri: 'https://localhost:8443/test/a/lanyard/requesturi/x#y' });
    checkRefusal(plan, parameters, callbackOf(plan, await open(plan, browser(), parameters)), ['request_uri_not_supported']);
  }],
  ['oidcc-unsigned-request-object-supported-correctly-or-rejected-as-unsupported', async (plan) => {
    assert.equal(plan.server.request_parameter_supported, false);
    const parameters = requestObject(plan);
    // What stands in the object alone (state, response_mode) is not known to us.
    const answer = callbackOf({ ...plan, formPost: false }, await open(plan, browser(), parameters));
    checkRefusal(plan, parameters, answer, ['request_not_supported']);
  }],
  ['oidcc-claims-essential', async (plan) => {
    const { json, idToken } = await signIn(plan, browser(), { claims: JSON.stringify({ userinfo: { name: { essential: true } } }) });
    const answer = await userinfoBy.get(plan, json.access_token);
    assert.deepEqual([answer.status, answer.json.name, idToken.name], [200, 'Casey Lindqvist', undefined], 'in userinfo alone');
  }],
  ['oidcc-ensure-request-object-with-redirect-uri', async (plan) => {
    const parameters = requestObject(plan, { redirect_uri: `${redirect}/${randomBytes(8).toString('hex')}` });
    checkErrorPage(await open(plan, browser(), parameters), 'redirect_uri');
  }],
  ['oidcc-refresh-token', async (plan) => {
    const agent = browser();
    const asked = { scope: 'openid offline_access', prompt: 'consent' };
    const one = await signIn(plan, agent, asked);
    await refreshed(plan, 'conformance', one, { scope: asked.scope });
    const two = await signIn(plan, agent, { ...asked, client_id: 'conformance-second' });
    const again = await refreshed(plan, 'conformance-second', two);
    checkTokenError(await askToken(plan, 'conformance', { grant_type: 'refresh_token', refresh_token: again.refresh_token, scope: asked.scope }), 'invalid_grant');
  }],
  ['oidcc-ensure-request-with-valid-pkce-succeeds', async (plan) => {
    const code_verifier = randomBytes(32).toString('base64url');
    const code_challenge = createHash('sha256').update(code_verifier).digest('base64url');
    await signIn(plan, browser(), { code_challenge, code_challenge_method: 'S256' }, { more: { code_verifier } });
  }],
];
