// A clinic app signs a provider in by code and PKCE, with openid-client: tokens, userinfo, refresh, introspection,
// revocation.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as client from 'openid-client';
import { Agent } from '../kit/agent.mjs';
import { appDocument, people, startClinic, stores } from '../kit/clinic.mjs';

const redirect = 'http://localhost:9999/cb';

async function signIn(clinic, config, scope) {
  const verifier = client.randomPKCECodeVerifier();
  const state = client.randomState();
  const nonce = client.randomNonce();
  const url = client.buildAuthorizationUrl(config, {
    redirect_uri: redirect, scope, state, nonce,
    code_challenge: await client.calculatePKCECodeChallenge(verifier), code_challenge_method: 'S256',
  });
  const answer = await new Agent().signIn(url.href, people.ada);
  assert.ok(answer.location?.startsWith(redirect), answer.text);
  return client.authorizationCodeGrant(config, new URL(answer.location), {
    pkceCodeVerifier: verifier, expectedState: state, expectedNonce: nonce, idTokenExpected: true,
  });
}

for (const store of stores) {
  test(`openid-client signs Ada in and reads practice, roles and both locations (${store})`, async (t) => {
    const clinic = await startClinic({ store });
    t.after(() => clinic.stop());
    assert.equal(clinic.apply(appDocument()).code, 0);
    const config = await client.discovery(new URL(clinic.issuer), 'story', {}, client.ClientSecretBasic('story-secret-story-secret-story-secret'),
      { execute: [client.allowInsecureRequests] });

    const tokens = await signIn(clinic, config, 'openid profile email clinic roles offline_access');
    const claims = tokens.claims();
    assert.equal(claims.tenant, 'northside');
    assert.deepEqual(claims.clinic.locations.map((l) => [l.id, l.roles]), [['main', ['provider']], ['west', ['manager']]]);
    assert.deepEqual(claims.roles, [], 'a person who provides here and manages there holds no role everywhere');
    assert.ok(claims.sid && claims.acr && claims.auth_time && claims.session_expiry);
    assert.equal(claims.email, undefined, 'nothing unasked stands in the ID token');

    const person = await client.fetchUserInfo(config, tokens.access_token, claims.sub);
    assert.equal(person.email, people.ada.username);
    assert.equal(person.given_name, 'Ada');

    const refreshed = await client.refreshTokenGrant(config, tokens.refresh_token);
    assert.notEqual(refreshed.refresh_token, tokens.refresh_token);

    const live = await client.tokenIntrospection(config, refreshed.access_token);
    assert.equal(live.active, true);
    assert.equal(live.tenant, 'northside');

    await client.tokenRevocation(config, refreshed.refresh_token);
    assert.equal((await client.tokenIntrospection(config, refreshed.access_token)).active, false);
    await assert.rejects(client.refreshTokenGrant(config, refreshed.refresh_token), (error) => error.error === 'invalid_grant');
  });
}
