// conformance.mjs: the conditions that the OpenID conformance suite checks in every module of its plans for servers:
// the answer at the app's address, the token endpoint's answer, the ID token, userinfo.
import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import http from 'node:http';
import { createLocalJWKSet, jwtVerify } from 'jose';
import { Agent, errorCode, formOf } from './agent.mjs';
import { startClinic } from './clinic.mjs';
import { ask, authorizeUrl, basic, bearer, decode, encode, post, secretOf } from './hostile.mjs';

export const redirect = 'https://localhost:8443/test/a/lanyard/callback';
export const postLogout = 'https://localhost:8443/test/a/lanyard/post_logout_redirect';
export const everyScope = ['openid', 'profile', 'email', 'address', 'phone', 'offline_access'];

// OpenID Connect Core 5.4: what each scope asks for, with the type of each claim (5.1).
export const claimsOfScope = {
  profile: {
    name: 'string', given_name: 'string', family_name: 'string', middle_name: 'string', nickname: 'string', preferred_username: 'string', profile: 'string',
    picture: 'string', website: 'string', gender: 'string', birthdate: 'string', zoneinfo: 'string', locale: 'string', updated_at: 'number',
  },
  email: { email: 'string', email_verified: 'boolean' },
  address: { address: 'object' },
  phone: { phone_number: 'string', phone_number_verified: 'boolean' },
};

// Somebody about whom everything is known.
export const casey = { username: 'casey@northside.example', password: 'lantern-harbor-violet-58' };
export const caseyEntry = {
  email: casey.username, password: casey.password, given_name: 'Casey', family_name: 'Lindqvist', middle_name: 'Robin', nickname: 'Cas', preferred_username: 'casey',
  profile: 'https://northside.example/people/casey', picture: 'https://northside.example/people/casey.png', website: 'https://casey.example/', gender: 'nonbinary',
  birthdate: '1984-05-30', zoneinfo: 'America/Chicago', locale: 'en-US', phone_number: '+13125550177', phone_number_verified: true,
  address: { formatted: '12 Main Street\nSpringfield, IL 62701', street_address: '12 Main Street', locality: 'Springfield', region: 'IL', postal_code: '62701', country: 'US' },
  class: 'staff', assignments: [{ role: 'provider', locations: 'all' }],
};

// The practice's own apps sign in without a consent page; this one is somebody else's.
export const conformanceApp = (client_id, overrides = {}) => ({
  client_id, name: `Conformance ${client_id}`, type: 'oidc', practices: ['northside'], redirect_uris: [redirect], post_logout_redirect_uris: [postLogout],
  client_secret: secretOf(client_id), token_endpoint_auth_method: 'client_secret_basic', grant_types: ['authorization_code', 'refresh_token'],
  scopes: everyScope, first_party: false, require_pkce: false, ...overrides,
});

// A clinic with Casey and the apps, and what a relying party learns of it by discovery.
export async function startPlan(t, store, apps) {
  const clinic = await startClinic({ store });
  t.after(() => clinic.stop());
  const applied = clinic.apply({ practices: [{ id: 'northside', staff: [caseyEntry] }], apps });
  assert.equal(applied.code, 0, applied.err + applied.out);
  const server = (await ask(`${clinic.issuer}/.well-known/openid-configuration`)).json;
  const jwks = (await ask(server.jwks_uri)).json;
  return { clinic, server, jwks, keys: createLocalJWKSet(jwks) };
}

// An app's own server, at an address of another site than the clinic's: what was sent to it, and when. pages: path to HTML.
export async function startApp(t, pages = {}) {
  const calls = [];
  const server = http.createServer((request, answer) => {
    let body = '';
    request.on('data', (data) => { body += data; });
    request.on('end', () => {
      const { pathname, searchParams } = new URL(request.url, 'http://app');
      const form = new URLSearchParams(body);
      calls.push({ at: Date.now(), method: request.method, path: pathname, query: [...searchParams], form: [...form], type: request.headers['content-type'], into: request.headers['sec-fetch-dest'] });
      answer.writeHead(200, { 'cache-control': 'no-store', 'content-type': 'text/html' }).end(pages[pathname]?.() ?? '');
    });
  });
  await new Promise((done) => server.listen(0, '127.0.0.1', done));
  t.after(() => { server.close(); server.closeAllConnections(); });
  return { base: `http://127.0.0.1:${server.address().port}`, calls, at: (path) => calls.filter((call) => call.path === path) };
}

// ---- the authorization endpoint -----------------------------------------------------------------------------------

// A request as the suite sends it: no PKCE, scope openid. A parameter set to null is left out.
export function authorizationRequest(plan, overrides = {}) {
  const parameters = {
    client_id: 'conformance', redirect_uri: redirect, scope: 'openid', state: randomBytes(16).toString('base64url'), nonce: randomBytes(16).toString('base64url'),
    response_type: 'code', response_mode: plan.formPost ? 'form_post' : null, ...overrides,
  };
  for (const [name, value] of Object.entries(parameters)) if (value === null) delete parameters[name];
  return parameters;
}

export const open = (plan, agent, parameters) => agent.follow(authorizeUrl(plan.clinic, parameters));
const formPostForm = /<form[^>]*id="form-post"[^>]*>/;
const isAnswer = (page) => Boolean(page.location) || formPostForm.test(page.text);

// Signs in as a person would, and allows the app what it asks for; what was shown on the way.
export async function pass(agent, first, who = casey) {
  const shown = [];
  let page = first;
  for (let steps = 0; steps < 6 && !isAnswer(page); steps++) {
    if (/id="login-form"/.test(page.text)) {
      shown.push('login');
      page = await agent.submit(page, who, /<form[^>]*id="login-form"[^>]*>/);
    } else if (/id="consent-form"/.test(page.text)) {
      shown.push('consent');
      page = await agent.submit(page, { decision: 'allow' }, /<form[^>]*id="consent-form"[^>]*>/);
    } else break;
  }
  return { page, shown };
}

// What arrives at the app: by address, or by a form that the browser posts (OAuth 2.0 Form Post Response Mode 2).
export function callbackOf(plan, page) {
  assert.ok(isAnswer(page), `nothing for the app: ${errorCode(page.text) ?? page.text.slice(0, 300)}`);
  if (!plan.formPost) {
    const url = new URL(page.location);
    assert.equal(`${url.origin}${url.pathname}`, redirect);
    assert.equal(url.hash, '');
    return Object.fromEntries(url.searchParams);
  }
  const [tag] = formPostForm.exec(page.text);
  const form = formOf(page.text, formPostForm);
  assert.equal(page.location, null, 'neither code nor error stands in an address');
  assert.equal(page.status, 200);
  assert.match(tag, /method="post"/);
  assert.doesNotMatch(tag, /enctype/, 'application/x-www-form-urlencoded');
  assert.equal(form.action, redirect);
  assert.match(page.text, /<script src="\/assets\/post\.js[^"]*" defer><\/script>/, 'the browser posts it by itself');
  assert.match(page.headers.get('content-security-policy'), /form-action [^;]*https:\/\/localhost:8443/);
  assert.match(page.headers.get('cache-control'), /no-store/);
  return form.fields;
}

export function checkAnswer(plan, parameters, answer) {
  assert.deepEqual(Object.keys(answer).sort(), ['code', 'iss', 'state'], JSON.stringify(answer));
  assert.equal(answer.state, parameters.state);
  assert.equal(answer.iss, plan.server.issuer);
  assert.match(answer.code, /^[\x20-\x7e]{22,}$/, 'a code is visible ASCII and cannot be guessed (RFC 6749 A.11, 10.10)');
}

// RFC 6749 4.1.2.1: characters of error_description; nothing beside the known parameters.
export function checkRefusal(plan, parameters, answer, allowed) {
  assert.ok(allowed.includes(answer.error), JSON.stringify(answer));
  assert.equal(answer.state, parameters.state, 'state comes back unharmed');
  assert.equal(answer.iss, plan.server.issuer);
  assert.equal(answer.code, undefined);
  for (const name of Object.keys(answer)) assert.ok(['error', 'error_description', 'error_uri', 'state', 'iss'].includes(name), name);
  assert.match(answer.error_description, /^[\x20-\x21\x23-\x5b\x5d-\x7e]*$/);
}

export const userInterface = ['interaction_required', 'login_required', 'account_selection_required', 'consent_required'];

// An error page of our own: the app's address is neither called nor offered.
export function checkErrorPage(page, code) {
  assert.equal(page.location, null);
  assert.equal(errorCode(page.text), code, page.text.slice(0, 300));
  assert.doesNotMatch(page.text, formPostForm);
  assert.doesNotMatch(page.text, /localhost:8443/);
  assert.equal(page.headers.get('refresh'), null);
}

// ---- the token endpoint -------------------------------------------------------------------------------------------

const methodOf = (client) => (client.endsWith('-post') ? 'client_secret_post' : 'client_secret_basic');

export function askToken(plan, client, form) {
  const inBody = methodOf(client) === 'client_secret_post';
  assert.ok(plan.server.token_endpoint_auth_methods_supported.includes(methodOf(client)));
  return post(plan.clinic, new URL(plan.server.token_endpoint).pathname, inBody ? { ...form, client_id: client, client_secret: secretOf(client) } : form, inBody ? {} : basic(client));
}

export const redeem = (plan, client, code, more = {}) => askToken(plan, client, { grant_type: 'authorization_code', code, redirect_uri: redirect, ...more });

// RFC 6749 5.1.
export function checkTokenAnswer(answer) {
  assert.equal(answer.status, 200, answer.text);
  assert.match(answer.headers.get('content-type'), /^application\/json(;|$)/);
  assert.match(answer.headers.get('cache-control'), /\bno-store\b/);
  assert.equal(answer.headers.get('pragma'), 'no-cache');
  assert.match(answer.json.token_type, /^bearer$/i);
  assert.match(answer.json.access_token, /^[\x21-\x7e]{22,}$/);
  assert.ok(Number.isInteger(answer.json.expires_in) && answer.json.expires_in > 0);
}

// RFC 6749 5.2.
export function checkTokenError(answer, error) {
  assert.equal(answer.status, 400, answer.text);
  assert.match(answer.headers.get('content-type'), /^application\/json(;|$)/);
  assert.equal(answer.json.error, error);
  assert.match(answer.json.error_description, /^[\x20-\x21\x23-\x5b\x5d-\x7e]*$/);
}

const standardTypes = Object.assign({ sub: 'string' }, ...Object.values(claimsOfScope));

export function checkStandardClaims(claims) {
  for (const [name, value] of Object.entries(claims)) if (standardTypes[name]) assert.equal(typeof value, standardTypes[name], name);
  for (const [name, value] of Object.entries(claims.address ?? {})) assert.equal(typeof value, 'string', `address.${name}`);
  if (claims.birthdate !== undefined) assert.match(claims.birthdate, /^\d{4}(-\d\d-\d\d)?$/);
  if (claims.updated_at !== undefined) assert.ok(Number.isInteger(claims.updated_at) && claims.updated_at <= Date.now() / 1000 + 1);
}

// OpenID Connect Core 2, 3.1.3.6, 3.1.3.7.
export async function checkIdToken(plan, client, json, { nonce, scope = 'openid' } = {}) {
  const header = decode(json.id_token.split('.')[0]);
  assert.ok(plan.server.id_token_signing_alg_values_supported.includes(header.alg), header.alg);
  assert.equal(plan.jwks.keys.filter((key) => key.kid === header.kid).length, 1, 'kid names one published key');
  const { payload } = await jwtVerify(json.id_token, plan.keys, { issuer: plan.server.issuer, audience: client, clockTolerance: 0 });
  assert.equal(payload.aud, client, 'one audience');
  assert.ok(payload.azp === undefined || payload.azp === client);
  assert.match(payload.sub, /^[\x21-\x7e]{1,255}$/);
  assert.ok(Math.abs(payload.iat - Date.now() / 1000) < 60 && payload.exp > payload.iat);
  assert.equal(payload.nonce, nonce, 'the nonce that was sent, or none');
  assert.ok(Number.isInteger(payload.auth_time) && typeof payload.acr === 'string' && Array.isArray(payload.amr));
  assert.equal(payload.at_hash, createHash('sha256').update(json.access_token).digest().subarray(0, 16).toString('base64url'));
  checkStandardClaims(payload);
  for (const group of Object.values(claimsOfScope)) for (const name of Object.keys(group)) assert.equal(payload[name], undefined, `${name} belongs in userinfo (${scope})`);
  return payload;
}

// ---- userinfo -----------------------------------------------------------------------------------------------------

export const userinfoBy = {
  get: (plan, token) => ask(plan.server.userinfo_endpoint, { headers: bearer(token) }),
  header: (plan, token) => ask(plan.server.userinfo_endpoint, { method: 'POST', headers: bearer(token) }),
  body: (plan, token) => ask(plan.server.userinfo_endpoint, { method: 'POST', form: { access_token: token } }),
};

// OpenID Connect Core 5.3.2; 5.4: all claims of the scopes, since the account has them all.
export function checkUserinfo(answer, idToken, scope = 'openid') {
  assert.equal(answer.status, 200, answer.text);
  assert.match(answer.headers.get('content-type'), /^application\/json(;|$)/);
  assert.equal(answer.json.sub, idToken.sub);
  checkStandardClaims(answer.json);
  for (const [name, group] of Object.entries(claimsOfScope)) {
    const asked = scope.split(' ').includes(name);
    for (const claim of Object.keys(group)) assert.equal(claim in answer.json, asked, `${claim} by scope ${scope}`);
  }
  return answer.json;
}

// ---- a whole sign-in ----------------------------------------------------------------------------------------------

// Opens the request, signs in as far as asked, redeems the code and checks everything on the way.
export async function signIn(plan, agent, overrides = {}, { first, more, client = overrides.client_id ?? 'conformance', who } = {}) {
  const parameters = authorizationRequest(plan, overrides);
  const { page, shown } = await pass(agent, first ? await first(parameters) : await open(plan, agent, parameters), who);
  const answer = callbackOf(plan, page);
  checkAnswer(plan, parameters, answer);
  const token = await redeem(plan, client, answer.code, more);
  checkTokenAnswer(token);
  const idToken = await checkIdToken(plan, client, token.json, parameters);
  const asked = parameters.claims ? null : await userinfoBy.get(plan, token.json.access_token);
  const userinfo = asked && checkUserinfo(asked, idToken, parameters.scope);
  return { parameters, shown, answer, json: token.json, idToken, userinfo };
}

// The same in Chromium: a person signs in and, at an app of others, allows it.
export async function signInWith(page, who = casey) {
  await page.fill('#username', who.username);
  await page.fill('#password', who.password);
  await page.click('#login-submit');
  await page.click('#consent-allow');
}

// The suite's browser starts every module without cookies.
export const browser = () => new Agent();
export { encode };
