// lies-oidc.mjs: what a provider of one's own choosing could say (OpenID Connect Core 3.1.3.7, RFC 8725, RFC 9207): each row
// is one lie and how the audit names it: the refusal's word, or why the connection was found down. All else is sound.
import { createHmac } from 'node:crypto';
import { b64, ecKey, publicJwk, rsaKey, signed } from './forge.mjs';
import { sleep } from './clinic.mjs';

const now = () => Math.floor(Date.now() / 1000);
const stranger = ecKey();
const weak = rsaKey(1024);
const claim = (name, changes, word) => [name, { claims: (c, op, asked) => ({ ...c, ...(typeof changes === 'function' ? changes(c, op, asked) : changes) }) }, word];
const header = (name, change, word) => [name, { header: (h, op) => ({ ...h, ...(typeof change === 'function' ? change(op) : change) }) }, word];
const token = (name, sign, word) => [name, { sign }, word];
const back = (name, change, word) => [name, { callback: (query, op) => ({ ...query, ...(typeof change === 'function' ? change(op) : change) }) }, word];
const answered = (name, tokens, word) => [name, { tokens }, word];
const info = (name, userinfo, word) => [name, { userinfo }, word];
const discovery = (name, change, word) => [name, { discovery: (doc, op) => ({ ...doc, ...(typeof change === 'function' ? change(op, doc) : change) }) }, word];
const keys = (name, jwks, word) => [name, { jwks }, word];
const takes = (name, which, answer, word) => [name, { answer: { [which]: answer } }, word];

const mac = (h, payload, secret) => {
  const input = `${b64({ ...h, alg: 'HS256' })}.${b64(payload)}`;
  return `${input}.${createHmac('sha256', secret).update(input).digest('base64url')}`;
};
// Text as it is, signed: what no JSON writer makes.
const text = (h, payload, op) => signed(h, Buffer.from(payload), op.key);
const twice = (claims, name, value) => `${JSON.stringify(claims).slice(0, -1)},${JSON.stringify(name)}:${JSON.stringify(value)}}`;
const redirectTo = (where) => (_ask, answer) => answer.writeHead(302, { location: where() }).end();

// Sends for ever, or until nobody listens: as much as is taken, or one byte a second.
async function pour(answer, first, piece, wait) {
  answer.on('error', () => {});
  answer.writeHead(200, { 'content-type': 'application/json' });
  answer.write(first);
  for (let sent = 0; sent < 50 << 20 && !answer.destroyed; sent += piece.length) {
    if (!answer.write(piece)) await Promise.race([new Promise((done) => answer.once('drain', done)), new Promise((done) => answer.once('close', done))]);
    if (wait) await sleep(wait);
  }
  if (!answer.destroyed) answer.end();
}
const flood = (first) => (_ask, answer) => pour(answer, first, Buffer.alloc(1 << 16, 0x20), 0);
const drip = (_ask, answer) => pour(answer, '{', Buffer.from(' '), 1000);

// trap: () => an address inside that must not be asked.
export const lies = (trap) => [
  // The authorization response
  back('iss is missing though it is promised', { iss: undefined }, 'response_iss'),
  back('iss is another provider', { iss: 'https://evil.example' }, 'response_iss'),
  back('iss with a slash more', (op) => ({ iss: `${op.issuer}/` }), 'response_iss'),
  back('an error', { code: undefined, error: 'access_denied', error_description: '<script>alert(1)</script>' }, 'access_denied'),
  back('an error nobody registered', { code: undefined, error: 'x'.repeat(300) }, 'provider_error'),
  back('an error and a code', { error: 'access_denied' }, 'access_denied'),
  back('no code', { code: undefined }, 'code'),
  back('an empty code', { code: '' }, 'code'),
  back('a code that is not one of its own', { code: 'A'.repeat(43) }, 'invalid_grant'),
  // The ID token's claims
  claim('iss of another', { iss: 'https://evil.example' }, 'iss'),
  claim('iss with a slash more', (c) => ({ iss: `${c.iss}/` }), 'iss'),
  claim('iss in capitals', (c) => ({ iss: c.iss.replace('localhost', 'LOCALHOST') }), 'iss'),
  claim('iss is missing', { iss: undefined }, 'iss'),
  claim('iss is a list', (c) => ({ iss: [c.iss] }), 'iss'),
  claim('aud is another client', { aud: 'somebody-else' }, 'aud'),
  claim('aud is missing', { aud: undefined }, 'aud'),
  claim('aud is an empty list', { aud: [] }, 'aud'),
  claim('aud is a number', { aud: 7 }, 'aud'),
  claim('aud is an object', (c) => ({ aud: { 0: c.aud } }), 'aud'),
  claim('aud lists others and nobody is azp', (c) => ({ aud: [c.aud, 'somebody-else'] }), 'azp'),
  claim('azp is another client', (c) => ({ aud: [c.aud, 'somebody-else'], azp: 'somebody-else' }), 'azp'),
  claim('azp is another client, aud alone is right', { azp: 'somebody-else' }, 'azp'),
  claim('nonce of another', { nonce: 'A'.repeat(43) }, 'nonce'),
  claim('nonce is missing', { nonce: undefined }, 'nonce'),
  claim('nonce is a list', (c) => ({ nonce: [c.nonce] }), 'nonce'),
  claim('nonce and a letter', (c) => ({ nonce: `${c.nonce}A` }), 'nonce'),
  claim('ended an hour ago', () => ({ iat: now() - 7200, exp: now() - 3600 }), 'exp'),
  claim('exp is missing', { exp: undefined }, 'exp'),
  claim('exp is text', () => ({ exp: String(now() + 300) }), 'exp'),
  claim('exp is null', { exp: null }, 'exp'),
  claim('exp is 2^63', { exp: 9223372036854776000 }, 'structure'),
  claim('exp is negative', { exp: -1 }, 'exp'),
  claim('made in an hour', () => ({ iat: now() + 3600, exp: now() + 7200 }), 'iat'),
  claim('iat is missing', { iat: undefined }, 'iat'),
  claim('iat is text', () => ({ iat: String(now()) }), 'iat'),
  claim('good from tomorrow on', () => ({ nbf: now() + 86400 }), 'nbf'),
  claim('sub is missing', { sub: undefined }, 'sub'),
  claim('sub is empty', { sub: '' }, 'sub'),
  claim('sub is a number', { sub: 1 }, 'sub'),
  claim('sub is longer than any may be', { sub: 's'.repeat(256) }, 'sub'),
  claim('sub has a control character', { sub: 'a\u0000b' }, 'structure'),
  claim('at_hash of another token', { at_hash: 'A'.repeat(22) }, 'at_hash'),
  claim('at_hash is a number', { at_hash: 1 }, 'at_hash'),
  claim('auth_time is text', { auth_time: 'now' }, 'auth_time'),
  claim('auth_time in an hour', () => ({ auth_time: now() + 3600 }), 'auth_time'),
  // Its header and signature
  token('alg none', (_h, c) => `${b64({ alg: 'none' })}.${b64(c)}.`, 'structure'),
  token('alg none with a kid and a signature', (h, c, op) => `${b64({ ...h, alg: 'none' })}.${b64(c)}.${signed(h, c, op.key).split('.')[2]}`, 'algorithm'),
  token('HS256 with the client secret', (h, c, op) => mac(h, c, op.secret), 'algorithm'),
  token('HS256 with the public key', (h, c, op) => mac(h, c, JSON.stringify(op.jwk)), 'algorithm'),
  token('signed by another key under the right kid', (h, c) => signed(h, c, stranger), 'signature'),
  token('signed by another key, in the header', (h, c) => signed({ ...h, jwk: publicJwk(stranger) }, c, stranger), 'structure'),
  token('signed by another key without kid', (h, c) => signed({ alg: 'ES256' }, c, stranger), 'signature'),
  header('an unknown kid', { kid: 'unknown' }, 'key'),
  header('kid is a number', { kid: 1 }, 'structure'),
  header('crit', { crit: ['exp'] }, 'structure'),
  header('an access token\'s typ', { typ: 'at+jwt' }, 'typ'),
  header('a logout token\'s typ', { typ: 'logout+jwt' }, 'typ'),
  token('half a signature', (h, c, op) => signed(h, c, op.key).slice(0, -40), 'structure'),
  token('sub twice', (h, c, op) => text(h, twice(c, 'sub', 'somebody-else'), op), 'structure'),
  token('nonce twice', (h, c, op) => text(h, twice({ ...c, nonce: 'x' }, 'nonce', c.nonce), op), 'structure'),
  token('alg twice', (_h, c, op) => `${b64(`{"alg":"ES256","alg":"none","kid":"${op.kid}"}`)}.${b64(c)}.${signed({ alg: 'ES256', kid: op.kid }, c, op.key).split('.')[2]}`, 'structure'),
  token('claims that are a list', (h, _c, op) => text(h, '["sub"]', op), 'structure'),
  token('claims 20,000 deep', (h, c, op) => text(h, `{"x":${'['.repeat(20000)}${']'.repeat(20000)}}`, op), 'structure'),
  token('five parts', (h, c, op) => `${signed(h, c, op.key)}.AAAA.AAAA`, 'structure'),
  token('nothing', () => '', 'structure'),
  token('a token of 400 KB', (h, c, op) => signed(h, { ...c, x: 'x'.repeat(300000) }, op.key), 'token_endpoint_unreachable'),
  // The token answer
  answered('no ID token', (body) => ({ ...body, id_token: undefined }), 'id_token_missing'),
  answered('an ID token that is a list', (body) => ({ ...body, id_token: [body.id_token] }), 'id_token_missing'),
  answered('a token type of its own', (body) => ({ ...body, token_type: 'mac' }), 'token_answer'),
  answered('two ID tokens', (body) => twice(body, 'id_token', body.id_token), 'token_answer'),
  answered('a page', () => '<!doctype html><h1>Sign in</h1>', 'token_answer'),
  answered('a list', (body) => [body], 'token_answer'),
  takes('an error', 'token', (_ask, answer) => answer.writeHead(400, { 'content-type': 'application/json' }).end('{"error":"invalid_client","error_description":"x"}'), 'invalid_client'),
  takes('a token answer of status 500', 'token', (_ask, answer) => answer.writeHead(500).end(), 'token_answer'),
  takes('a token answer elsewhere', 'token', redirectTo(trap), 'token_answer'),
  takes('a token answer that closes', 'token', (_ask, answer) => answer.destroy(), 'token_endpoint_unreachable'),
  takes('a token answer of 50 MB', 'token', flood('{"id_token":"'), 'token_endpoint_unreachable'),
  takes('a token answer of one byte a second', 'token', drip, 'token_endpoint_unreachable'),
  // Userinfo
  info('userinfo is somebody else', (body) => ({ ...body, sub: 'somebody-else' }), 'userinfo_sub'),
  info('userinfo is nobody', (body) => ({ ...body, sub: undefined }), 'userinfo_sub'),
  info('userinfo is two', (body) => twice(body, 'sub', 'somebody-else'), 'userinfo'),
  takes('userinfo is elsewhere', 'userinfo', redirectTo(trap), 'userinfo'),
  takes('userinfo of 50 MB', 'userinfo', flood('{"sub":"'), 'userinfo_unreachable'),
  // Discovery
  discovery('discovery of another issuer', { issuer: 'https://evil.example' }, 'its issuer is not the connection\'s, byte for byte'),
  discovery('discovery with a slash more', (op) => ({ issuer: `${op.issuer}/` }), 'its issuer is not the connection\'s, byte for byte'),
  discovery('discovery without issuer', { issuer: undefined }, 'its issuer is not the connection\'s, byte for byte'),
  discovery('an authorization endpoint that is a script', { authorization_endpoint: 'javascript:alert(1)' }, 'authorization_endpoint is not an https address'),
  discovery('an authorization endpoint that is not https', { authorization_endpoint: 'http://evil.example/authorize' }, 'authorization_endpoint is not an https address'),
  discovery('keys at a private address', { jwks_uri: 'http://10.255.255.1/jwks' }, 'jwks_uri is not an https address'),
  discovery('keys at the machine\'s own data', { jwks_uri: 'http://169.254.169.254/latest/meta-data' }, 'jwks_uri is not an https address'),
  discovery('keys in a file', { jwks_uri: 'file:///etc/passwd' }, 'jwks_uri is not an https address'),
  discovery('keys by https at a private address', { jwks_uri: 'https://192.168.0.1/jwks' }, 'jwks_uri may not be fetched from here (outbound.allow)'),
  discovery('a token endpoint at a private address', { token_endpoint: 'https://[fd00::1]/token' }, 'token_endpoint may not be fetched from here (outbound.allow)'),
  discovery('a token endpoint by number', { token_endpoint: 'https://2130706433/token' }, 'token_endpoint may not be fetched from here (outbound.allow)'),
  takes('discovery twice', 'discovery', (_ask, answer, op) => answer.writeHead(200, { 'content-type': 'application/json' }).end(`{"issuer":"${op.issuer}","issuer":"${op.issuer}","authorization_endpoint":"${op.issuer}/authorize","token_endpoint":"${op.issuer}/token","jwks_uri":"${op.issuer}/jwks"}`), 'answered 200'),
  takes('discovery is elsewhere', 'discovery', redirectTo(trap), 'answered 302'),
  takes('discovery of 50 MB', 'discovery', flood('{"issuer":"'), 'Failure writing output to destination'),
  // Keys
  keys('keys: none', () => ({ keys: [] }), 'key'),
  keys('keys: a page', () => '<!doctype html>', 'keys_unreachable'),
  keys('keys for encryption', (set) => ({ keys: [{ ...set.keys[0], use: 'enc' }] }), 'key'),
  keys('keys that may not verify', (set) => ({ keys: [{ ...set.keys[0], use: undefined, key_ops: ['encrypt'] }] }), 'key'),
  keys('keys of another algorithm', (set) => ({ keys: [{ ...set.keys[0], alg: 'ES384' }] }), 'key'),
  keys('keys: a secret', (set) => ({ keys: [{ kty: 'oct', k: b64('secret'), kid: set.keys[0].kid }] }), 'key'),
  [
    'keys: RSA of 1024 bits',
    { jwks: (set) => ({ keys: [publicJwk(weak, { kid: set.keys[0].kid, alg: 'RS256', use: 'sig' })] }), sign: (h, c) => signed({ ...h, alg: 'RS256' }, c, weak, 'RS256'), discovery: (doc) => ({ ...doc, id_token_signing_alg_values_supported: ['RS256'] }) },
    'key',
  ],
  takes('keys elsewhere', 'jwks', redirectTo(trap), 'keys_unreachable'),
  takes('keys of 50 MB', 'jwks', flood('{"keys":['), 'keys_unreachable'),
  takes('keys at one byte a second', 'jwks', drip, 'keys_unreachable'),
];
