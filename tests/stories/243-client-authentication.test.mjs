// An app proves who it is in exactly the way it is registered for: an empty secret proves nothing, an assertion counts
// once, and what was not signed by the app uses up nothing (RFC 6749 2.3, RFC 7523 3, OpenID Connect Core 9).
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { test } from 'node:test';
import { startClinic, stores } from '../kit/clinic.mjs';
import { ecKey, publicJwk, rsaKey, signed } from '../kit/forge.mjs';
import { app, ask, basic, post, register, secretOf } from '../kit/hostile.mjs';

const assertionType = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer';
const key = ecKey();
const rsa = rsaKey();
const jwks = { keys: [publicJwk(key, { kid: 'app-key' }), publicJwk(rsa, { kid: 'rsa-key' })] };
const keyed = (id, more = {}) => app(id, { client_secret: undefined, token_endpoint_auth_method: 'private_key_jwt', jwks, practices: ['northside'], ...more });
const inNorthside = { grant_type: 'client_credentials', tenant: 'northside' };
const now = () => Math.floor(Date.now() / 1000);

const claims = (clinic, id, more = {}) => ({ iss: id, sub: id, aud: clinic.issuer, jti: randomUUID(), iat: now(), exp: now() + 60, ...more });
const sign = (payload, header = {}) => signed({ alg: 'ES256', kid: 'app-key', typ: 'JWT', ...header }, payload, header.alg?.startsWith('RS') || header.alg?.startsWith('PS') ? rsa : key);
const show = (clinic, text, more = {}) => post(clinic, '/oauth2/token', { ...inNorthside, client_assertion_type: assertionType, client_assertion: text, ...more });

const notIn = (answer, what) => {
  assert.deepEqual([answer.status, answer.json?.error], [401, 'invalid_client'], `${what}: ${answer.status} ${answer.text}`);
  assert.equal(answer.json.access_token, undefined);
};
const masked = ({ status, json }) => ({ status, ...json, reference: '' });

// Secrets that are as good as none (D11).
const emptyish = ['', ' ', '  ', '\t', '\n', '+', '%20', '0', 'null', 'undefined', 'false', '""', "''", '{}', '[]', 'NULL', '*', '%'];

// Assertions that are signed well and say something wrong: [name, claims].
const wrong = [
  ['exp ten minutes ahead', () => ({ exp: now() + 600 })],
  ['exp a day ahead', () => ({ exp: now() + 86400 })],
  ['exp in the year 292277026596', () => ({ exp: Number.MAX_SAFE_INTEGER })],
  ['exp past', () => ({ exp: now() - 1 })],
  ['exp missing', () => ({ exp: undefined })],
  ['exp null', () => ({ exp: null })],
  ['exp as text', () => ({ exp: String(now() + 60) })],
  ['exp with a fraction', () => ({ exp: now() + 60.5 })],
  ['exp negative', () => ({ exp: -1 })],
  ['exp a list', () => ({ exp: [now() + 60] })],
  ['nbf ahead', () => ({ nbf: now() + 100 })],
  ['nbf as text', () => ({ nbf: '0' })],
  ['iat ahead', () => ({ iat: now() + 100 })],
  ['iat as text', () => ({ iat: String(now()) })],
  ['aud of another host', () => ({ aud: 'https://other.example' })],
  ['aud of ours and another', (clinic) => ({ aud: [clinic.issuer, 'https://other.example'] })],
  ['aud of ours twice', (clinic) => ({ aud: [clinic.issuer, clinic.issuer] })],
  ['aud missing', () => ({ aud: undefined })],
  ['aud an empty list', () => ({ aud: [] })],
  ['aud a list in a list', (clinic) => ({ aud: [[clinic.issuer]] })],
  ['aud with a slash', (clinic) => ({ aud: `${clinic.issuer}/` })],
  ['aud of the userinfo address', (clinic) => ({ aud: `${clinic.issuer}/oauth2/userinfo` })],
  ['aud in other case', (clinic) => ({ aud: clinic.issuer.toUpperCase() })],
  ['aud that only begins like ours', (clinic) => ({ aud: `${clinic.issuer}.evil.example` })],
  ['aud as an object', (clinic) => ({ aud: { a: clinic.issuer } })],
  ['iss of another app', () => ({ iss: 'rival' })],
  ['iss missing', () => ({ iss: undefined })],
  ['iss in other case', (_, id) => ({ iss: id.toUpperCase() })],
  ['iss a list', (_, id) => ({ iss: [id] })],
  ['jti missing', () => ({ jti: undefined })],
  ['jti empty', () => ({ jti: '' })],
  ['jti a number', () => ({ jti: 7 })],
  ['jti null', () => ({ jti: null })],
  ['jti of 256 letters', () => ({ jti: 'j'.repeat(256) })],
];
const perApp = 15;

for (const store of stores) {
  test(`apps authenticate in their own way, once, and with something (${store})`, async (t) => {
    const clinic = await startClinic({ store });
    t.after(() => clinic.stop());
    const count = Math.ceil(wrong.length / perApp);
    register(clinic, app('basic'), app('basic2'), app('formed', { token_endpoint_auth_method: 'client_secret_post' }), app('formed2', { token_endpoint_auth_method: 'client_secret_post' }),
      app('public', { client_secret: undefined, token_endpoint_auth_method: 'none', grant_types: ['authorization_code', 'refresh_token'] }), app('off', { disabled: true }),
      keyed('keyed'), keyed('rival'), keyed('replayed'), keyed('mixed'), keyed('good'), ...Array.from({ length: count }, (_, n) => keyed(`wrong${n}`)));

    await t.test('the sound ways are accepted', async () => {
      assert.equal((await post(clinic, '/oauth2/token', inNorthside, basic('basic'))).status, 200);
      const lower = { authorization: basic('basic').authorization.replace('Basic', 'basic') };
      assert.equal((await post(clinic, '/oauth2/token', inNorthside, lower)).status, 200, 'schemes have no case');
      assert.equal((await post(clinic, '/oauth2/token', { ...inNorthside, client_id: 'basic' }, basic('basic'))).status, 200, 'client_id beside it');
      assert.equal((await post(clinic, '/oauth2/token', { ...inNorthside, client_id: 'formed', client_secret: secretOf('formed') })).status, 200);
      for (const aud of [clinic.issuer, [clinic.issuer], `${clinic.issuer}/oauth2/token`]) assert.equal((await show(clinic, sign(claims(clinic, 'good', { aud })))).status, 200, String(aud));
      for (const alg of ['RS256', 'RS384', 'PS256']) assert.equal((await show(clinic, sign(claims(clinic, 'good'), { alg, kid: 'rsa-key' }))).status, 200, alg);
      assert.equal((await show(clinic, sign(claims(clinic, 'good'), { kid: undefined }))).status, 200, 'without kid');
      assert.equal((await show(clinic, sign(claims(clinic, 'good')), { client_id: 'good' })).status, 200, 'client_id beside it');
    });

    for (const [at, secret] of emptyish.entries()) {
      await t.test(`the secret ${JSON.stringify(secret)} is none`, async () => {
        notIn(await post(clinic, '/oauth2/token', inNorthside, basic('basic2', secret)), 'basic');
        notIn(await post(clinic, '/oauth2/token', { ...inNorthside, client_id: 'formed2', client_secret: secret }), 'form');
        if (at < 4) notIn(await post(clinic, '/oauth2/introspect', { token: 'x', client_id: 'public', client_secret: secret }), 'public app');
        if (at < 4) notIn(await post(clinic, '/oauth2/token', { ...inNorthside, client_id: 'keyed', client_secret: secret }), 'app with a key');
      });
    }

    await t.test('no secret at all is none', async () => {
      for (const form of [{ client_id: 'formed' }, { client_id: 'basic' }, { client_id: 'keyed' }]) notIn(await post(clinic, '/oauth2/token', { ...inNorthside, ...form }), form.client_id);
      const bare = (text) => ({ authorization: `Basic ${Buffer.from(text).toString('base64')}` });
      for (const text of ['basic:', 'basic', ':', '', 'basic\u0000:x', `:${secretOf('basic')}`]) notIn(await post(clinic, '/oauth2/token', inNorthside, bare(text)), JSON.stringify(text));
    });

    await t.test('two ways at once are refused before either counts', async () => {
      const assertion = () => ({ client_assertion_type: assertionType, client_assertion: sign(claims(clinic, 'mixed')) });
      const cases = [
        ['header and secret', { client_id: 'basic', client_secret: secretOf('basic') }, basic('basic')],
        ['header and an empty secret', { client_secret: '' }, basic('basic')],
        ['header and assertion', assertion(), basic('mixed', 'x')],
        ['secret and assertion', { ...assertion(), client_id: 'mixed', client_secret: 'x' }, {}],
        ['secret and assertion type alone', { client_id: 'formed', client_secret: secretOf('formed'), client_assertion_type: assertionType }, {}],
        ['header and assertion type alone', { client_assertion_type: '' }, basic('basic')],
        ['all three', { ...assertion(), client_id: 'mixed', client_secret: 'x' }, basic('mixed', 'x')],
      ];
      for (const [name, form, headers] of cases) {
        for (const path of ['/oauth2/token', '/oauth2/introspect', '/oauth2/revoke', '/oauth2/par']) {
          const answer = await post(clinic, path, { ...inNorthside, token: 'x', ...form }, headers);
          assert.deepEqual([answer.status, answer.json.error], [400, 'invalid_request'], `${name} at ${path}: ${answer.text}`);
        }
      }
    });

    await t.test('another way than the registered one is refused', async () => {
      notIn(await post(clinic, '/oauth2/token', { ...inNorthside, client_id: 'basic', client_secret: secretOf('basic') }), 'basic by form');
      notIn(await post(clinic, '/oauth2/token', inNorthside, basic('formed')), 'form by header');
      notIn(await post(clinic, '/oauth2/token', inNorthside, basic('keyed', JSON.stringify(jwks))), 'key by header');
      notIn(await post(clinic, '/oauth2/token', { ...inNorthside, client_id: 'keyed' }), 'key by nothing');
      notIn(await show(clinic, sign(claims(clinic, 'basic'))), 'secret by assertion');
      notIn(await show(clinic, sign(claims(clinic, 'public'))), 'public by assertion');
      notIn(await post(clinic, '/oauth2/token', inNorthside, basic('public', 'x')), 'public by header');
      const asked = await post(clinic, '/oauth2/introspect', { token: 'x', client_id: 'public' });
      assert.deepEqual([asked.status, asked.json.error], [400, 'unauthorized_client'], 'a public app may not ask about tokens');
      const grant = await post(clinic, '/oauth2/token', { ...inNorthside, client_id: 'public' });
      assert.deepEqual([grant.status, grant.json.error], [400, 'unauthorized_client'], 'nor act for itself');
    });

    await t.test('the client_id beside the proof must be the same', async () => {
      notIn(await post(clinic, '/oauth2/token', { ...inNorthside, client_id: 'formed' }, basic('basic')), 'header');
      notIn(await show(clinic, sign(claims(clinic, 'rival')), { client_id: 'keyed' }), 'assertion');
      for (const type of ['', 'urn:ietf:params:oauth:client-assertion-type:saml2-bearer', 'jwt-bearer', assertionType.toUpperCase()]) {
        notIn(await show(clinic, sign(claims(clinic, 'rival')), { client_assertion_type: type }), `type ${type}`);
      }
    });

    await t.test('an unknown app, a disabled one and a wrong secret look the same', async () => {
      const answers = [basic('nobody', 'x'), basic('off'), basic('basic', 'x'), basic('basic', secretOf('formed'))].map((headers) => post(clinic, '/oauth2/introspect', { token: 'x' }, headers));
      const [first, ...rest] = (await Promise.all(answers)).map(masked);
      assert.equal(first.status, 401);
      for (const other of rest) assert.deepEqual(other, first);
    });

    for (const [at, [name, changes]] of wrong.entries()) {
      await t.test(`an assertion with ${name} is refused`, async () => {
        const id = `wrong${Math.floor(at / perApp)}`;
        notIn(await show(clinic, sign(claims(clinic, id, changes(clinic, id)))), name);
      });
    }
    await t.test('and after all these a sound one is accepted', async () => {
      for (let n = 0; n < count; n++) assert.equal((await show(clinic, sign(claims(clinic, `wrong${n}`)))).status, 200);
    });

    await t.test('an app cannot speak for another', async () => {
      const stranger = ecKey();
      notIn(await show(clinic, signed({ alg: 'ES256', kid: 'app-key' }, claims(clinic, 'keyed'), stranger)), 'another key');
      notIn(await show(clinic, sign(claims(clinic, 'keyed', { sub: 'rival' }))), 'sub of another');
      notIn(await show(clinic, sign(claims(clinic, 'rival', { iss: 'keyed' }))), 'iss of another');
    });

    await t.test('64 parallel uses of one assertion: one is answered with a token', async () => {
      const one = sign(claims(clinic, 'replayed', { jti: 'the-one' }));
      const answers = await Promise.all(Array.from({ length: 64 }, () => show(clinic, one)));
      assert.equal(answers.filter((a) => a.status === 200).length, 1, JSON.stringify(answers.map((a) => a.status)));
      for (const a of answers.filter((x) => x.status !== 200)) assert.ok([401, 429].includes(a.status), a.text);
      assert.ok(answers.some((a) => a.status === 429), 'beyond the budget nobody is looked at');
    });

    await t.test('a jti counts per app, and not before the signature holds', async () => {
      const jti = randomUUID();
      const good = sign(claims(clinic, 'rival', { jti }));
      notIn(await show(clinic, signed({ alg: 'ES256', kid: 'app-key' }, claims(clinic, 'rival', { jti }), ecKey())), 'a stranger\'s signature');
      notIn(await show(clinic, `${good.slice(0, -4)}AAAA`), 'a damaged signature');
      notIn(await show(clinic, sign(claims(clinic, 'rival', { jti, aud: 'https://other.example' }))), 'a wrong aud');
      assert.equal((await show(clinic, good)).status, 200, 'the first sound use');
      notIn(await show(clinic, good), 'the second');
      notIn(await show(clinic, sign(claims(clinic, 'rival', { jti, exp: now() + 120 }))), 'the same jti in another assertion');
      assert.equal((await show(clinic, sign(claims(clinic, 'keyed', { jti })))).status, 200, 'another app has jtis of its own');
    });

    await t.test('an Authorization header that is not sound Basic is refused', async () => {
      const good = basic('basic').authorization;
      for (const authorization of ['Basic', 'Basic ', 'Basic !!!', `${good}=`, good.slice(0, -1), good.replace('Basic ', 'Basic  '), good.replace('Basic', 'Bearer'), good.replace('Basic ', 'Digest '), good.slice(6), 'Negotiate x', `Basic ${'A'.repeat(3000)}`]) {
        const answer = await post(clinic, '/oauth2/token', inNorthside, { authorization });
        // Who names no app shares one budget with all strangers of that address, and waits when it is used up.
        assert.ok([400, 401, 429].includes(answer.status) && !answer.json.access_token, `${authorization.slice(0, 40)}: ${answer.status}`);
      }
    });

    await t.test('a body of another type, too long, or none names no app', async () => {
      const url = `${clinic.issuer}/oauth2/token`;
      const json = JSON.stringify({ ...inNorthside, client_id: 'formed', client_secret: secretOf('formed') });
      const asJson = await fetch(url, { method: 'POST', headers: { 'content-type': 'application/json' }, body: json });
      assert.ok([400, 401, 415, 429].includes(asJson.status), String(asJson.status));
      const long = await ask(url, { method: 'POST', form: { ...inNorthside, x: 'x'.repeat(20000) }, headers: basic('basic') });
      assert.equal(long.status, 413);
      const nul = await ask(url, { method: 'POST', form: `grant_type=client_credentials&tenant=northside&client_id=formed&client_secret=${secretOf('formed')}%00`, headers: {} });
      assert.equal(nul.status, 400);
      assert.equal((await ask(url, { headers: basic('basic') })).status, 405);
    });
  });
}
