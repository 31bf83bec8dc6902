// liar-oidc.mjs: an OpenID provider made by hand that tells the truth but for one lie. One server is any number of
// providers, each under a path with keys of its own; a lie is a set of hooks into what it says.
import { createHash, randomBytes, randomUUID } from 'node:crypto';
import { createServer } from 'node:http';
import { freePort } from './clinic.mjs';
import { ecKey, publicJwk, signed } from './forge.mjs';

const now = () => Math.floor(Date.now() / 1000);
export const halfHash = (text) => createHash('sha256').update(text).digest().subarray(0, 16).toString('base64url');

// lie: { discovery(doc, op), jwks(set, op), header(h, op), claims(c, op, asked), sign(header, claims, op), callback(query, op, asked),
// tokens(body, op), refreshed([status, body], op, asked), userinfo(body, op) } change what is said; answer: { discovery|jwks|token|userinfo: (ask, answer, op) } take
// the answer into their own hands.
function newProvider(base, name, person, lie = {}) {
  const key = ecKey();
  const kid = `${name}-${randomUUID().slice(0, 8)}`;
  const issuer = `${base}/${name}`;
  return {
    name, issuer, key, kid, person, lie, codes: new Map(), tokens: new Map(), refreshTokens: new Map(), refreshes: [], client: `client-${name}`, secret: `liar-secret-${name}-`.padEnd(44, '3'), asked: [],
    jwk: publicJwk(key, { kid, use: 'sig', alg: 'ES256' }),
    count(path) { return this.asked.filter((one) => one === path).length; },
  };
}

function discoveryOf(op) {
  const doc = {
    issuer: op.issuer, authorization_endpoint: `${op.issuer}/authorize`, token_endpoint: `${op.issuer}/token`, userinfo_endpoint: `${op.issuer}/userinfo`, jwks_uri: `${op.issuer}/jwks`,
    end_session_endpoint: `${op.issuer}/logout`, response_types_supported: ['code'], subject_types_supported: ['public'], id_token_signing_alg_values_supported: ['ES256'],
    token_endpoint_auth_methods_supported: ['client_secret_basic', 'client_secret_post'], code_challenge_methods_supported: ['S256'], authorization_response_iss_parameter_supported: true,
    scopes_supported: ['openid', 'email', 'profile', 'groups', 'offline_access'], backchannel_logout_supported: true, backchannel_logout_session_supported: true,
  };
  return op.lie.discovery ? op.lie.discovery(doc, op) : doc;
}

function authorize(op, query) {
  const code = randomBytes(24).toString('base64url');
  op.codes.set(code, { ...query, person: { ...op.person } });
  const back = { code, state: query.state, iss: op.issuer };
  const said = op.lie.callback ? op.lie.callback(back, op, query) : back;
  for (const [member, value] of Object.entries(said)) if (value === undefined || value === null) delete said[member];
  return `${query.redirect_uri}?${new URLSearchParams(said)}`;
}

const standing = ({ sub, email, email_verified = true, given_name, family_name, groups }) => ({ sub, email, email_verified, given_name, family_name, groups });

export function idToken(op, asked, access, changes = {}) {
  let header = { alg: 'ES256', kid: op.kid };
  let claims = {
    iss: op.issuer, aud: op.client, iat: now(), exp: now() + 300, nonce: asked.nonce, auth_time: now() - 5, sid: `sid-${asked.person.sub}`, at_hash: access && halfHash(access),
    ...standing(asked.person), ...asked.person.claims, ...changes,
  };
  if (op.lie.header) header = op.lie.header(header, op);
  if (op.lie.claims) claims = op.lie.claims(claims, op, asked);
  for (const [member, value] of Object.entries(claims)) if (value === undefined) delete claims[member];
  return op.lie.sign ? op.lie.sign(header, claims, op) : signed(header, claims, op.key);
}

function redeem(op, form) {
  const asked = op.codes.get(form.get('code'));
  if (!asked || asked.used) return [400, { error: 'invalid_grant' }];
  asked.used = true;
  if (createHash('sha256').update(form.get('code_verifier') ?? '').digest('base64url') !== asked.code_challenge) return [400, { error: 'invalid_grant' }];
  const body = tokensOf(op, asked);
  op.last = body;
  return [200, op.lie.tokens ? op.lie.tokens(body, op, asked) : body];
}

function tokensOf(op, asked) {
  const access_token = randomBytes(24).toString('base64url');
  op.tokens.set(access_token, asked);
  const body = { access_token, token_type: 'Bearer', expires_in: 300, id_token: idToken(op, asked, access_token) };
  if (!(asked.scope ?? '').split(' ').includes('offline_access')) return body;
  body.refresh_token = randomBytes(24).toString('base64url');
  op.refreshTokens.set(body.refresh_token, asked);
  return body;
}

// Who the person is now; a token is good once, but for a lie, which leaves it.
function refresh(op, form) {
  const shown = form.get('refresh_token');
  const asked = op.refreshTokens.get(shown);
  op.refreshes.push(shown);
  if (!asked) return [400, { error: 'invalid_grant' }];
  asked.person = { ...op.person };
  if (op.lie.refreshed) return op.lie.refreshed([200, tokensOf(op, asked)], op, asked);
  op.refreshTokens.delete(shown);
  return [200, tokensOf(op, asked)];
}

function userinfo(op, ask) {
  const asked = op.tokens.get((ask.headers.authorization ?? '').replace(/^Bearer /, ''));
  if (!asked) return [401, { error: 'invalid_token' }];
  const body = { ...standing(asked.person), ...asked.person.userinfo };
  return [200, op.lie.userinfo ? op.lie.userinfo(body, op) : body];
}

// A text is sent as it is, so that what no JSON writer makes can be said too.
const reply = (answer, [status, body]) => answer.writeHead(status, { 'content-type': 'application/json', 'cache-control': 'no-store' }).end(typeof body === 'string' ? body : JSON.stringify(body));

export async function startLiar() {
  const port = await freePort();
  const liar = { base: `http://localhost:${port}`, providers: new Map(), elsewhere: [] };

  async function handle(ask, answer) {
    const url = new URL(ask.url, liar.base);
    const [, name, ...rest] = url.pathname.split('/');
    const path = rest.join('/');
    const op = liar.providers.get(name);
    let body = '';
    for await (const part of ask) body += part;
    if (!op) { liar.elsewhere.push(ask.url); return reply(answer, [404, {}]); }
    op.asked.push(path);
    const own = op.lie.answer?.[{ '.well-known/openid-configuration': 'discovery' }[path] ?? path];
    if (own) return own(ask, answer, op, new URLSearchParams(body));
    switch (path) {
    case '.well-known/openid-configuration': return reply(answer, [200, discoveryOf(op)]);
    case 'jwks': return reply(answer, [200, op.lie.jwks ? op.lie.jwks({ keys: [op.jwk] }, op) : { keys: [op.jwk] }]);
    case 'authorize':
      op.query = Object.fromEntries(url.searchParams);
      return answer.writeHead(303, { location: authorize(op, op.query) }).end();
    case 'token': {
      const form = new URLSearchParams(body);
      return reply(answer, form.get('grant_type') === 'refresh_token' ? refresh(op, form) : redeem(op, form));
    }
    case 'userinfo': return reply(answer, userinfo(op, ask));
    case 'logout': return answer.writeHead(200, { 'content-type': 'text/html' }).end('<!doctype html><h1 id="liar-logout">Signed out there</h1>');
    default: return reply(answer, [404, {}]);
    }
  }

  const server = createServer((ask, answer) => { handle(ask, answer).catch((fault) => { liar.fault = fault; answer.destroy(); }); });
  await new Promise((done) => server.listen(port, '127.0.0.1', done));
  // Another provider on this server.
  liar.add = (name, person, lie) => {
    const op = newProvider(liar.base, name, person, lie);
    liar.providers.set(name, op);
    return op;
  };
  liar.stop = () => { server.closeAllConnections(); server.close(); };
  return liar;
}

// A logout token of OpenID Connect Back-Channel Logout 2.4, with what is changed; a member set to undefined is left out.
export function logoutToken(op, changes = {}, { header = {}, key = op.key } = {}) {
  const claims = { iss: op.issuer, aud: op.client, iat: now(), exp: now() + 120, jti: randomUUID(), sub: op.person.sub, sid: `sid-${op.person.sub}`, events: { 'http://schemas.openid.net/event/backchannel-logout': {} }, ...changes };
  for (const [member, value] of Object.entries(claims)) if (value === undefined) delete claims[member];
  return signed({ alg: 'ES256', kid: op.kid, typ: 'logout+jwt', ...header }, claims, key);
}
