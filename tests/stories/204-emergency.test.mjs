// When a key has leaked, and when an app is switched off: what was granted before is over, on every node, for good.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as client from 'openid-client';
import { Agent } from '../kit/agent.mjs';
import { appDocument, people, sleep, startClinic, stores } from '../kit/clinic.mjs';

const redirect = 'http://localhost:9999/cb';
const secret = 'story-secret-story-secret-story-secret';

async function signIn(config) {
  const verifier = client.randomPKCECodeVerifier();
  const url = client.buildAuthorizationUrl(config, { redirect_uri: redirect, scope: 'openid clinic offline_access', state: 's', nonce: 'n',
    code_challenge: await client.calculatePKCECodeChallenge(verifier), code_challenge_method: 'S256' });
  const answer = await new Agent().signIn(url.href, people.ada);
  return client.authorizationCodeGrant(config, new URL(answer.location), { pkceCodeVerifier: verifier, expectedState: 's', expectedNonce: 'n' });
}

const dead = (config, tokens) => assert.rejects(client.refreshTokenGrant(config, tokens.refresh_token), (error) => error.error === 'invalid_grant');
const status = async (base, tokens) => (await fetch(`${base}/oauth2/userinfo`, { headers: { authorization: `Bearer ${tokens.access_token}` } })).status;
const kids = async (base) => (await (await fetch(`${base}/oauth2/jwks`)).json()).keys.map((key) => key.kid);

for (const store of stores) {
  test(`a rotated key stays published, a compromised one ends what it signed and signs everybody out (${store})`, async (t) => {
    const clinic = await startClinic({ store, nodes: store === 'postgresql' ? 2 : 1 });
    t.after(() => clinic.stop());
    assert.equal(clinic.apply(appDocument()).code, 0);
    await sleep(500);
    const config = await client.discovery(new URL(clinic.issuer), 'story', {}, client.ClientSecretBasic(secret), { execute: [client.allowInsecureRequests] });
    const kid = (tokens) => JSON.parse(Buffer.from(tokens.access_token.split('.')[0], 'base64url')).kid;

    const first = await signIn(config);
    clinic.must('keys', 'rotate', '--alg', 'ES256');
    await sleep(1500);
    for (const base of clinic.bases) {
      assert.ok((await kids(base)).includes(kid(first)), 'the old key is still published');
      assert.equal(await status(base, first), 200, 'and what it signed is still good');
    }
    const second = await signIn(config);
    assert.notEqual(kid(second), kid(first));

    clinic.must('keys', 'rotate', '--alg', 'ES256', '--compromised', '--yes');
    await sleep(1500);
    for (const base of clinic.bases) {
      assert.ok(!(await kids(base)).includes(kid(second)));
      assert.equal(await status(base, second), 401);
    }
    await dead(config, second);
    await dead(config, first);
    assert.equal(await status(clinic.issuer, await signIn(config)), 200);
  });

  test(`an app that was switched off and on again has none of its old grants (${store})`, async (t) => {
    const clinic = await startClinic({ store });
    t.after(() => clinic.stop());
    assert.equal(clinic.apply(appDocument()).code, 0);
    const config = await client.discovery(new URL(clinic.issuer), 'story', {}, client.ClientSecretBasic(secret), { execute: [client.allowInsecureRequests] });
    const tokens = await signIn(config);
    assert.equal(clinic.apply(appDocument({ disabled: true })).code, 0);
    await assert.rejects(client.refreshTokenGrant(config, tokens.refresh_token));
    assert.equal(clinic.apply(appDocument({ disabled: false })).code, 0);
    await dead(config, tokens);
    assert.equal(await status(clinic.issuer, tokens), 401);
    assert.equal(await status(clinic.issuer, await signIn(config)), 200);
  });
}
