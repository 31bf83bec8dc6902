// oidcc-config-certification-test-plan and oidcc-basic-certification-test-plan with registered clients: what each module
// of the OpenID conformance suite does, with what it fails and warns about.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { stores } from '../kit/clinic.mjs';
import { claimsOfScope, startPlan } from '../kit/conformance.mjs';
import { basicApps, basicModules } from '../kit/conformance-basic.mjs';
import { ask } from '../kit/hostile.mjs';

// oidcc-discovery-endpoint-verification (OpenID Connect Discovery 1.0 3 and 4, RFC 8414 2).
const discoveryChecks = [
  ['is JSON at the issuer\'s well-known address', async (plan) => {
    const answer = await ask(`${plan.clinic.issuer}/.well-known/openid-configuration`);
    assert.equal(answer.status, 200);
    assert.match(answer.headers.get('content-type'), /^application\/json(;|$)/);
    assert.equal(answer.json.issuer, plan.clinic.issuer);
    assert.deepEqual([new URL(answer.json.issuer).search, new URL(answer.json.issuer).hash], ['', '']);
  }],
  ['names endpoints under the issuer alone', ({ server }) => {
    for (const name of ['authorization_endpoint', 'token_endpoint', 'userinfo_endpoint', 'jwks_uri', 'end_session_endpoint']) assert.ok(server[name], name);
    for (const [name, value] of Object.entries(server)) {
      if (/_endpoint$|_uri$/.test(name)) assert.ok(value.startsWith(`${server.issuer}/`), `${name} has the issuer's scheme and host`);
    }
  }],
  ['offers what every provider must', ({ server }) => {
    for (const [list, word] of [['response_types_supported', 'code'], ['subject_types_supported', 'public'], ['id_token_signing_alg_values_supported', 'RS256'], ['scopes_supported', 'openid'], ['grant_types_supported', 'authorization_code'],
      ['response_modes_supported', 'form_post'], ['code_challenge_methods_supported', 'S256'], ['token_endpoint_auth_methods_supported', 'client_secret_basic'], ['token_endpoint_auth_methods_supported', 'client_secret_post']]) {
      assert.ok(Array.isArray(server[list]) && server[list].includes(word), `${list} has ${word}`);
    }
    for (const [name, value] of Object.entries(server)) {
      if (!/_supported$/.test(name) || typeof value === 'boolean') continue;
      assert.ok(Array.isArray(value) && value.length > 0 && value.every((word) => typeof word === 'string'), name);
      assert.equal(new Set(value).size, value.length, `${name} says nothing twice`);
    }
  }],
  ['says whether request objects and claims are understood', ({ server }) => {
    assert.deepEqual([server.request_parameter_supported, server.request_uri_parameter_supported, server.claims_parameter_supported], [false, false, true]);
  }],
  ['lists scopes, claims and locales as they are written', ({ server }) => {
    for (const scope of server.scopes_supported) assert.match(scope, /^[\x21\x23-\x5b\x5d-\x7e]+$/);
    for (const scope of Object.keys(claimsOfScope)) {
      assert.ok(server.scopes_supported.includes(scope), scope);
      for (const claim of Object.keys(claimsOfScope[scope])) assert.ok(server.claims_supported.includes(claim), claim);
    }
    for (const locale of server.ui_locales_supported) assert.equal(Intl.getCanonicalLocales(locale)[0], locale);
  }],
  ['publishes signing keys that can be told apart, and nothing secret', ({ jwks }) => {
    assert.ok(jwks.keys.some((key) => key.alg === 'RS256') && jwks.keys.some((key) => key.alg === 'ES256'));
    assert.equal(new Set(jwks.keys.map((key) => key.kid)).size, jwks.keys.length);
    for (const key of jwks.keys) {
      assert.ok(key.kid && ['RSA', 'EC'].includes(key.kty) && key.use === 'sig', JSON.stringify(key));
      for (const secret of ['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'k']) assert.equal(key[secret], undefined);
      for (const part of key.kty === 'RSA' ? ['n', 'e'] : ['x', 'y']) assert.match(key[part], /^[A-Za-z0-9_-]+$/, 'base64url without padding');
      if (key.kty === 'EC') assert.deepEqual([key.crv, key.x.length, key.y.length], ['P-256', 43, 43]);
      else assert.ok(Buffer.from(key.n, 'base64url').length >= 256 && Buffer.from(key.n, 'base64url')[0] !== 0);
    }
  }],
];

for (const store of stores) {
  test(`the config and basic plans (${store})`, { concurrency: true }, async (t) => {
    const plan = await startPlan(t, store, basicApps());
    for (const [name, check] of discoveryChecks) await t.test(`oidcc-discovery-endpoint-verification: ${name}`, () => check(plan));
    const [[first, oidccServer], ...modules] = basicModules;
    await t.test(first, () => oidccServer(plan)); // here Casey consents; it is remembered
    await Promise.all(modules.map(([name, module]) => t.test(name, () => module(plan))));
  });
}
