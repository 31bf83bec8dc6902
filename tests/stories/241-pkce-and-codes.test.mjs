// A code is good once, for the app, the address and the verifier that it was made for; whoever guesses has one guess
// (RFC 6749 4.1.3, RFC 7636 4.6, RFC 9700 2.1.1).
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import { Agent, errorCode } from '../kit/agent.mjs';
import { startClinic, stores } from '../kit/clinic.mjs';
import { app, ask, authorize, authorizeUrl, basic, challengeOf, encode, introspect, post, redirect, register, request, rows, signedIn, userinfo } from '../kit/hostile.mjs';

const second = 'http://localhost:9999/second';
const other = 'http://localhost:9998/cb';
const verifier = () => randomBytes(32).toString('base64url');

// What authorize refuses: [name, changes to a sound request]. It is told to the app, whose address is sound.
const atAuthorize = [
  ['no challenge', { code_challenge: null, code_challenge_method: null }],
  ['no challenge but a method', { code_challenge: null }],
  ['an empty challenge', { code_challenge: '' }],
  ['method plain', { code_challenge: verifier(), code_challenge_method: 'plain' }],
  ['no method, which means plain', { code_challenge_method: null }],
  ['an empty method', { code_challenge_method: '' }],
  ['method s256 in lower case', { code_challenge_method: 's256' }],
  ['method S512', { code_challenge_method: 'S512' }],
  ['a challenge of 42 characters', { code_challenge: challengeOf('x').slice(0, 42) }],
  ['a challenge of 44 characters', { code_challenge: `${challengeOf('x')}A` }],
  ['a padded challenge', { code_challenge: `${challengeOf('x')}=` }],
  ['a challenge in plain base64', { code_challenge: '+/'.repeat(21) + 'A' }],
  ['a challenge with a second spelling', { code_challenge: `${'A'.repeat(42)}B` }],
];

// What the token endpoint refuses for a code that has a challenge: [name, changes to the form].
const atToken = [
  ['no verifier', () => ({ code_verifier: null })],
  ['an empty verifier', () => ({ code_verifier: '' })],
  ['another verifier', () => ({ code_verifier: verifier() })],
  ['the challenge as verifier', ({ code_verifier }) => ({ code_verifier: challengeOf(code_verifier) })],
  ['the verifier cut by one', ({ code_verifier }) => ({ code_verifier: code_verifier.slice(0, -1) })],
  ['the verifier with one more', ({ code_verifier }) => ({ code_verifier: `${code_verifier}A` })],
  ['the verifier in other case', ({ code_verifier }) => ({ code_verifier: code_verifier.replace(/[a-z]/, (c) => c.toUpperCase()) })],
  ['a verifier of a kilobyte', () => ({ code_verifier: 'a'.repeat(1024) })],
  ['a verifier that is too short', () => ({ code_verifier: 'a' })],
];

// A code in the wrong hands or at the wrong place: [name, changes to the form, who asks].
const swaps = [
  ['another app of the same practice', () => ({}), 'rival'],
  ['another app that names the owner as client_id', () => ({ client_id: 'story' }), 'rival', 'invalid_client'],
  ['a public app', () => ({ client_id: 'public' }), null],
  ['the right app with the other registered redirect_uri', () => ({ redirect_uri: second }), 'story'],
  ['the right app with an unregistered redirect_uri', () => ({ redirect_uri: other }), 'story'],
  ['the right app without redirect_uri', () => ({ redirect_uri: null }), 'story'],
  ['the right app with redirect_uri and a slash', () => ({ redirect_uri: `${redirect}/` }), 'story'],
  ['another app with its own redirect_uri', () => ({ redirect_uri: other }), 'rival'],
  ['another app with its own redirect_uri and verifier', () => ({ redirect_uri: other, code_verifier: verifier() }), 'rival'],
];

const without = (form) => Object.fromEntries(Object.entries(form).filter(([, value]) => value !== null));
const redeem = (clinic, form, id = 'story') => post(clinic, '/oauth2/token', without(form), id ? basic(id) : {});
const refused = (answer, what) => assert.deepEqual([answer.status, answer.json?.error], [400, 'invalid_grant'], `${what}: ${answer.text}`);

for (const store of stores) {
  test(`PKCE and codes: each swap is refused and burns the code (${store})`, async (t) => {
    const clinic = await startClinic({ store });
    t.after(() => clinic.stop());
    register(clinic,
      app('story', { redirect_uris: [redirect, second] }),
      app('rival', { redirect_uris: [other] }),
      app('far', { practices: ['riverside'] }),
      app('plain', { require_pkce: false }),
      app('public', { client_secret: undefined, token_endpoint_auth_method: 'none', grant_types: ['authorization_code', 'refresh_token'] }));
    const agent = await signedIn(clinic);

    for (const [name, changes] of atAuthorize) {
      for (const client_id of ['story', 'public']) {
        await t.test(`authorize refuses ${name} (${client_id})`, async () => {
          const { parameters } = request({ client_id, ...changes });
          const answer = await agent.send(authorizeUrl(clinic, parameters));
          const told = new URL(answer.location);
          assert.equal(told.origin + told.pathname, redirect);
          assert.deepEqual([told.searchParams.get('error'), told.searchParams.get('code'), told.searchParams.get('state')], ['invalid_request', null, 'st']);
          assert.equal(told.searchParams.get('iss'), clinic.issuer);
        });
      }
    }

    await t.test('authorize refuses a repeated challenge, shown to the person', async () => {
      const answer = await agent.send(`${authorizeUrl(clinic, request().parameters)}&code_challenge=${challengeOf('x')}`);
      assert.deepEqual([answer.status, errorCode(answer.text), answer.location], [400, 'parameter_repeated', null]);
    });

    for (const [name, changes] of atToken) {
      await t.test(`token refuses ${name}, and the code is burnt`, async () => {
        const { form } = await authorize(clinic, agent);
        refused(await redeem(clinic, { ...form, ...changes(form) }), name);
        refused(await redeem(clinic, form), `after ${name}`);
      });
    }

    await t.test('a repeated verifier never reaches the code', async () => {
      const { form } = await authorize(clinic, agent);
      const doubled = await post(clinic, '/oauth2/token', `${encode(form)}&code_verifier=${verifier()}`, basic('story'));
      assert.deepEqual([doubled.status, doubled.json.error], [400, 'invalid_request']);
      assert.equal((await redeem(clinic, form)).status, 200);
    });

    await t.test('an app without PKCE: a verifier for a code without challenge is refused and burns it', async () => {
      const none = { client_id: 'plain', code_challenge: null, code_challenge_method: null };
      const { form } = await authorize(clinic, agent, none);
      assert.ok(form.code);
      refused(await redeem(clinic, form, 'plain'), 'a verifier out of nowhere');
      refused(await redeem(clinic, { ...form, code_verifier: null }, 'plain'), 'afterwards');
      const next = await authorize(clinic, agent, none);
      assert.equal((await redeem(clinic, { ...next.form, code_verifier: null }, 'plain')).status, 200);
    });

    await t.test('an app without PKCE that sends a challenge is held to it', async () => {
      const { form } = await authorize(clinic, agent, { client_id: 'plain' });
      refused(await redeem(clinic, { ...form, code_verifier: null }, 'plain'), 'downgraded');
      refused(await redeem(clinic, form, 'plain'), 'afterwards');
    });

    for (const [name, changes, id, error = 'invalid_grant'] of swaps) {
      await t.test(`token refuses the code to ${name}, and it is burnt`, async () => {
        const { form } = await authorize(clinic, agent);
        const answer = await redeem(clinic, { ...form, ...changes(form) }, id);
        assert.equal(answer.json.error, error, answer.text);
        // Who could not even authenticate has not shown it to anybody.
        if (error === 'invalid_grant') refused(await redeem(clinic, form), `after ${name}`);
        else assert.equal((await redeem(clinic, form)).status, 200);
      });
    }

    await t.test('an app of the other practice learns nothing about a code', async () => {
      const { form } = await authorize(clinic, agent);
      const theirs = await redeem(clinic, form, 'far');
      const nothing = await redeem(clinic, { ...form, code: `1.${verifier()}` }, 'far');
      const masked = (answer) => ({ status: answer.status, ...answer.json, reference: '' });
      assert.deepEqual(masked(theirs), masked(nothing));
      refused(theirs, 'a code of the other practice');
    });

    // The codes of nobody: [name, code].
    const forged = [
      ['cut by one', (code) => code.slice(0, -1)], ['one more', (code) => `${code}A`], ['another first letter', (code) => code.replace(/\.(.)/, (_, c) => `.${c === 'A' ? 'B' : 'A'}`)],
      ['another last letter', (code) => code.slice(0, -1) + (code.endsWith('A') ? 'B' : 'A')], ['a number with a zero in front', (code) => `0${code}`], ['a sign', (code) => `+${code}`],
      ['the other practice', (code) => code.replace(/^\d+/, (n) => (n === '1' ? '2' : '1'))], ['no number', (code) => code.replace(/^\d+\./, '')], ['padding', (code) => `${code}=`],
      ['a blank in front', (code) => ` ${code}`], ['a line end', (code) => `${code}\n`], ['a wildcard', () => '%'], ['a quote', () => "' OR '1'='1"], ['a path', () => '../../x'],
    ];
    for (const [name, change] of forged) {
      await t.test(`token refuses a code with ${name}`, async () => {
        const { form } = await authorize(clinic, agent);
        refused(await redeem(clinic, { ...form, code: change(form.code) }), name);
        assert.equal((await redeem(clinic, form)).status, 200, 'the real one is untouched');
      });
    }

    await t.test('a code that comes back ends what its first use gave', async () => {
      const { form } = await authorize(clinic, agent);
      const first = await redeem(clinic, form);
      assert.equal(first.status, 200);
      assert.equal((await introspect(clinic, first.json.access_token)).active, true);
      refused(await redeem(clinic, form), 'again');
      assert.equal((await introspect(clinic, first.json.access_token)).active, false);
      assert.equal((await introspect(clinic, first.json.refresh_token)).active, false);
      assert.equal((await userinfo(clinic, first.json.access_token)).status, 401);
      refused(await post(clinic, '/oauth2/token', { grant_type: 'refresh_token', refresh_token: first.json.refresh_token }, basic('story')), 'refresh');
    });

    await t.test('a code whose first use failed gives nothing when it comes back in the right form', async () => {
      const { form } = await authorize(clinic, agent);
      refused(await redeem(clinic, form, 'rival'), 'stolen');
      refused(await redeem(clinic, form), 'the owner is too late');
      assert.equal(rows(clinic, `SELECT count(*) AS n FROM code WHERE spent_at IS NULL AND client_id = 'story' AND redirect_uri = '${other}'`)[0].n, 0);
    });

    await t.test('a code that ends its session before it is redeemed gives nothing', async () => {
      const left = new Agent();
      const { form } = await authorize(clinic, left);
      const page = await left.follow(`${clinic.issuer}/logout`);
      await left.submit(page, {});
      refused(await redeem(clinic, form), 'after sign-out');
    });

    await t.test('the stored code is a hash, and lives a minute', async () => {
      const { form } = await authorize(clinic, agent);
      const stored = rows(clinic, 'SELECT hash, created_at, expires_at FROM code ORDER BY created_at DESC');
      assert.ok(stored.length > 0);
      for (const row of stored) {
        assert.equal(row.expires_at - row.created_at, 60);
        assert.ok(!form.code.includes(row.hash));
      }
    });

    await t.test('grants that do not exist are named so', async () => {
      for (const grant_type of ['password', 'implicit', 'urn:ietf:params:oauth:grant-type:jwt-bearer', 'urn:ietf:params:oauth:grant-type:token-exchange', 'authorization_code ', 'AUTHORIZATION_CODE', 'x']) {
        const answer = await post(clinic, '/oauth2/token', { grant_type, username: 'ada@northside.example', password: 'x' }, basic('story'));
        assert.deepEqual([answer.status, answer.json.error], [400, 'unsupported_grant_type'], grant_type);
      }
      const nothing = await ask(`${clinic.issuer}/oauth2/token`, { method: 'POST', form: '', headers: basic('story') });
      assert.deepEqual([nothing.status, nothing.json.error], [400, 'invalid_request']);
    });
  });
}
