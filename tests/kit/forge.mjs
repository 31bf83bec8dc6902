// forge.mjs: tokens that must not be believed: each row of the tables below is one known way to cheat a verifier
// (RFC 8725, security history of JOSE libraries). The claims are those of a sound token, so that nothing but the forgery
// is wrong.
import { createHmac, generateKeyPairSync, sign } from 'node:crypto';

export const b64 = (value) => Buffer.from(typeof value === 'object' && !Buffer.isBuffer(value) ? JSON.stringify(value) : value).toString('base64url');

export const ecKey = (curve = 'P-256') => generateKeyPairSync('ec', { namedCurve: curve });
export const rsaKey = (bits = 2048) => generateKeyPairSync('rsa', { modulusLength: bits });
export const publicJwk = (pair, more = {}) => ({ ...pair.publicKey.export({ format: 'jwk' }), ...more });

// [digest, how Node signs it]
const ways = {
  ES256: ['sha256', { dsaEncoding: 'ieee-p1363' }], ES384: ['sha384', { dsaEncoding: 'ieee-p1363' }], ES512: ['sha512', { dsaEncoding: 'ieee-p1363' }],
  RS256: ['sha256', {}], RS384: ['sha384', {}], PS256: ['sha256', { padding: 6, saltLength: 32 }],
};

export function signed(header, payload, key, way = header.alg) {
  const input = `${b64(header)}.${b64(payload)}`;
  const [digest, options] = ways[way];
  return `${input}.${sign(digest, Buffer.from(input), { key: key.privateKey, ...options }).toString('base64url')}`;
}

const mac = (header, payload, secret, digest = 'sha256') => {
  const input = `${b64(header)}.${b64(payload)}`;
  return `${input}.${createHmac(digest, secret).update(input).digest('base64url')}`;
};
const unsigned = (header, payload, signature = '') => `${b64(header)}.${b64(payload)}.${signature}`;

// An EC signature as DER; the order of P-256.
const order = BigInt('0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551');
function der(signature) {
  const bytes = Buffer.from(signature, 'base64url');
  const number = (part) => { const n = part[0] & 0x80 ? Buffer.concat([Buffer.alloc(1), part]) : part; return Buffer.concat([Buffer.from([2, n.length]), n]); };
  const inner = Buffer.concat([number(bytes.subarray(0, 32)), number(bytes.subarray(32))]);
  return Buffer.concat([Buffer.from([0x30, inner.length]), inner]).toString('base64url');
}

// token: a sound one. typ: as it stands there. keys: the published JWK Set of its signer. Rows of [name, token].
export function forgeries(token, typ, keys) {
  const [head, body, signature] = token.split('.');
  const payload = JSON.parse(Buffer.from(body, 'base64url'));
  const real = JSON.parse(Buffer.from(head, 'base64url'));
  const jwk = keys.keys.find((key) => key.kid === real.kid) ?? keys.keys[0];
  const { kid } = real;
  const mine = ecKey();
  const mineRsa = rsaKey();
  const own = publicJwk(mine);
  const h = (more) => ({ alg: 'ES256', typ, kid, ...more });
  const by = (more, key = mine, way) => signed(h(more), payload, key, way);
  const list = [];
  const add = (name, forged) => list.push([name, forged]);

  for (const alg of ['none', 'None', 'NONE', 'nOnE', '', ' none', 'none ']) add(`alg "${alg}" without signature`, unsigned(h({ alg }), payload));
  add('alg none with the old signature', unsigned(h({ alg: 'none' }), payload, signature));
  add('alg none and no third part', `${b64(h({ alg: 'none' }))}.${body}`);
  const published = JSON.stringify(jwk);
  const secrets = [['the public key as JSON', published], ['the public x', jwk.x ?? jwk.n], ['the public x as bytes', Buffer.from(jwk.x ?? jwk.n, 'base64url')], ['nothing', ''], ['a NUL', Buffer.alloc(1)], ['"secret"', 'secret'], ['the kid', kid ?? 'kid'], ['the client id', payload.client_id ?? payload.aud ?? 'x']];
  for (const [what, secret] of secrets) add(`HS256 keyed with ${what}`, mac(h({ alg: 'HS256' }), payload, secret));
  add('HS384 keyed with the public key', mac(h({ alg: 'HS384' }), payload, published, 'sha384'));
  add('HS512 keyed with the public key', mac(h({ alg: 'HS512' }), payload, published, 'sha512'));

  add('another key under the real kid', by({}));
  add('another key and its own jwk in the header', by({ jwk: own }));
  add('another key, jwk in the header, no kid', by({ jwk: own, kid: undefined }));
  add('another key, found by jku', by({ jku: 'https://evil.example/jwks', kid: 'mine' }));
  add('another key, found by a jku on localhost', by({ jku: 'http://localhost:9/jwks', kid: 'mine' }));
  add('another key, found by x5u', by({ x5u: 'https://evil.example/c.pem' }));
  add('another key in x5c', by({ x5c: [b64('cert')] }));
  add('another key without kid', by({ kid: undefined }));
  add('another key under an unknown kid', by({ kid: 'unknown' }));
  for (const [what, value] of [['a path', '../../../../dev/null'], ['SQL', "' OR '1'='1"], ['a shell command', '| id'], ['a number', 1], ['a list', [kid]], ['null', null], ['an object', {}], ['nothing', ''], ['5000 letters', 'k'.repeat(5000)], ['a NUL', '\u0000'], ['a line end', `${kid}\n`]]) add(`kid is ${what}`, by({ kid: value }));
  add('kid is a path, HS256 keyed with nothing', mac(h({ alg: 'HS256', kid: '/dev/null' }), payload, ''));

  for (const alg of ['RS256', 'RS384', 'PS256']) add(`${alg} by another RSA key`, signed(h({ alg }), payload, mineRsa, alg));
  add('RS256 by another key under the published RSA kid', signed(h({ alg: 'RS256', kid: keys.keys.find((k) => k.kty === 'RSA')?.kid ?? kid }), payload, mineRsa, 'RS256'));
  add('RS256 by a key of 1024 bits', signed(h({ alg: 'RS256' }), payload, rsaKey(1024), 'RS256'));
  add('ES384 by another key', signed(h({ alg: 'ES384' }), payload, ecKey('P-384'), 'ES384'));
  add('ES512 by another key', signed(h({ alg: 'ES512' }), payload, ecKey('P-521'), 'ES512'));
  add('ES256 of a P-384 key', signed(h({}), payload, ecKey('P-384'), 'ES256'));
  for (const alg of ['ES256K', 'EdDSA', 'es256', 'ES256 ', 'RSA1_5', 'dir', 'A128KW', 'PBES2-HS256+A128KW', 'ECDH-ES']) add(`alg ${alg}`, by({ alg }, mine, 'ES256'));
  for (const [what, alg] of [['missing', undefined], ['null', null], ['a number', 256], ['a list', ['ES256']]]) add(`alg is ${what}`, by({ alg }, mine, 'ES256'));

  add('crit names exp', by({ crit: ['exp'] }));
  add('crit is empty', by({ crit: [] }));
  add('crit asks for b64 false', by({ crit: ['b64'], b64: false }));
  add('zip', by({ zip: 'DEF' }));
  add('an extra member', by({ cty: 'JWT' }));
  add('the real signature under a header with crit', `${b64({ ...real, crit: ['x'] })}.${body}.${signature}`);
  add('the real signature under a header in another order', `${b64(Object.fromEntries(Object.entries(real).reverse()))}.${body}.${signature}`);
  add('the real signature under claims that were changed', `${head}.${b64({ ...payload, sub: 'u_other', tenant: 'riverside', exp: (payload.exp ?? 0) + 1000 })}.${signature}`);
  add('two alg members', `${b64(`{"alg":"none","alg":"ES256","typ":"${typ}","kid":"${kid}"}`)}.${body}.${signature}`);
  add('a header that is a list', `${b64('["ES256"]')}.${body}.${signature}`);
  add('a header that is no JSON', `${b64('ES256')}.${body}.${signature}`);
  add('an empty header', `.${body}.${signature}`);
  add('empty claims', `${head}..${signature}`);

  add('no signature', `${head}.${body}.`);
  add('no signature and no dot', `${head}.${body}`);
  add('a signature of zeros', `${head}.${body}.${Buffer.alloc(64).toString('base64url')}`);
  add('a signature of ones', `${head}.${body}.${Buffer.alloc(64, 255).toString('base64url')}`);
  add('r and s equal to the curve order', `${head}.${body}.${Buffer.from(order.toString(16).repeat(2), 'hex').toString('base64url')}`);
  add('the signature as DER', `${head}.${body}.${der(signature)}`);
  add('the signature twice', `${head}.${body}.${signature}${signature}`);
  add('four parts', `${token}.${signature}`);
  add('five parts', `${head}.${body}.${signature}.${body}.${signature}`);
  add('a padded part', `${head}.${body}.${signature}=`);
  add('all parts padded', `${head}=.${body}==.${signature}==`);
  add('plain base64', `${head}.${body}.${Buffer.from(signature, 'base64url').toString('base64')}`);
  add('a blank inside', `${head}. ${body}.${signature}`);
  add('a tab at the end', `${token}\t`);
  add('JSON serialisation', JSON.stringify({ payload: body, protected: head, signature }));
  add('general JSON serialisation', JSON.stringify({ payload: body, signatures: [{ protected: head, signature }] }));
  return list.filter(([, forged]) => forged !== token);
}

// The last letter of an ES256 signature carries two bits: 15 other letters mean the same bytes to a lenient decoder.
const letters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
export function otherSpellings(token) {
  const at = letters.indexOf(token.at(-1));
  return [...letters].filter((c, i) => i >> 4 === at >> 4 && i !== at).map((c) => token.slice(0, -1) + c);
}

// Every position, or one in `step`: cut there, another letter there, one letter more there.
export function mutations(token, step = 1) {
  const list = [];
  for (let at = 0; at < token.length; at += step) {
    const c = token[at] === 'A' ? 'B' : 'A';
    list.push([`cut at ${at}`, token.slice(0, at)], [`another letter at ${at}`, token.slice(0, at) + c + token.slice(at + 1)], [`one more at ${at}`, token.slice(0, at) + c + token.slice(at)]);
  }
  list.push(['one more at the end', `${token}A`], ['cut at the end', token.slice(0, -1)]);
  return list.filter(([, text]) => text !== '');
}
