// The same provider read by a second client library: discovery, PAR, code + PKCE with form_post, private_key_jwt, userinfo,
// introspection, revocation.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as oauth from 'oauth4webapi';
import { Agent, formOf } from '../kit/agent.mjs';
import { appDocument, people, startClinic, stores } from '../kit/clinic.mjs';

const redirect = 'http://localhost:9999/cb';
const insecure = { [oauth.allowInsecureRequests]: true };

for (const store of stores) {
  test(`oauth4webapi completes PAR, code + PKCE by form_post with private_key_jwt (${store})`, async (t) => {
    const clinic = await startClinic({ store });
    t.after(() => clinic.stop());
    const { privateKey, publicKey } = await oauth.generateKeyPair('ES256', { extractable: true });
    const jwk = { ...(await crypto.subtle.exportKey('jwk', publicKey)), kid: 'k1', alg: 'ES256', use: 'sig' };
    delete jwk.key_ops;
    delete jwk.ext;
    const applied = clinic.apply(appDocument({ client_secret: undefined, token_endpoint_auth_method: 'private_key_jwt', jwks: { keys: [jwk] }, require_pushed_authorization_requests: true, response_modes: ['query', 'form_post'] }));
    assert.equal(applied.code, 0, applied.err + applied.out);

    const issuer = new URL(clinic.issuer);
    const as = await oauth.processDiscoveryResponse(issuer, await oauth.discoveryRequest(issuer, insecure));
    const rfc8414 = await oauth.processDiscoveryResponse(issuer, await oauth.discoveryRequest(issuer, { ...insecure, algorithm: 'oauth2' }));
    assert.equal(rfc8414.token_endpoint, as.token_endpoint);
    const client = { client_id: 'story' };
    const auth = oauth.PrivateKeyJwt({ key: privateKey, kid: 'k1' });

    const verifier = oauth.generateRandomCodeVerifier();
    const state = oauth.generateRandomState();
    const nonce = oauth.generateRandomNonce();
    const parameters = new URLSearchParams({ client_id: 'story', redirect_uri: redirect, response_type: 'code', response_mode: 'form_post', scope: 'openid email clinic', state, nonce,
      code_challenge: await oauth.calculatePKCECodeChallenge(verifier), code_challenge_method: 'S256' });

    // Only pushed requests are taken from this app.
    const plain = await new Agent().follow(`${as.authorization_endpoint}?${parameters}`);
    assert.ok(!/login-form/.test(plain.text), 'a request that was not pushed is refused');

    const pushed = await oauth.processPushedAuthorizationResponse(as, client, await oauth.pushedAuthorizationRequest(as, client, auth, parameters, insecure));
    const url = `${as.authorization_endpoint}?client_id=story&request_uri=${encodeURIComponent(pushed.request_uri)}`;
    const page = await new Agent().signIn(url, people.ada);
    const form = formOf(page.text);
    assert.equal(form.action, redirect);
    const back = new URL(redirect);
    for (const [name, value] of Object.entries(form.fields)) back.searchParams.set(name, value);
    const answer = oauth.validateAuthResponse(as, client, back, state);
    const tokens = await oauth.processAuthorizationCodeResponse(as, client,
      await oauth.authorizationCodeGrantRequest(as, client, auth, answer, redirect, verifier, insecure), { expectedNonce: nonce, requireIdToken: true });
    const claims = oauth.getValidatedIdTokenClaims(tokens);
    assert.equal(claims.tenant, 'northside');

    // The pushed request was for one use.
    const second = await new Agent().follow(url);
    assert.ok(!second.location && !/login-form/.test(second.text), 'a request_uri works once');

    const person = await oauth.processUserInfoResponse(as, client, claims.sub, await oauth.userInfoRequest(as, client, tokens.access_token, insecure));
    assert.equal(person.email, people.ada.username);
    const live = await oauth.processIntrospectionResponse(as, client, await oauth.introspectionRequest(as, client, auth, tokens.access_token, insecure));
    assert.equal(live.active, true);
    await oauth.processRevocationResponse(await oauth.revocationRequest(as, client, auth, tokens.access_token, insecure));
    const dead = await oauth.processIntrospectionResponse(as, client, await oauth.introspectionRequest(as, client, auth, tokens.access_token, insecure));
    assert.equal(dead.active, false);

    const machine = oauth.processClientCredentialsResponse(as, client,
      await oauth.clientCredentialsGrantRequest(as, client, auth, new URLSearchParams({ scope: 'clinic', tenant: 'northside' }), insecure));
    assert.ok((await machine).access_token);
  });
}
