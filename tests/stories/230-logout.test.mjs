// Signing out: RP-initiated with and without a hint, back-channel tokens with retries, front-channel frames.
import assert from 'node:assert/strict';
import http from 'node:http';
import { test } from 'node:test';
import { createRemoteJWKSet, jwtVerify } from 'jose';
import * as client from 'openid-client';
import { Agent } from '../kit/agent.mjs';
import { appDocument, people, startClinic, stores, until } from '../kit/clinic.mjs';

const redirect = 'http://localhost:9999/cb';

// An app's back-channel address that fails a few times first.
async function listener(failures) {
  const tokens = [];
  let left = failures;
  const server = http.createServer((ask, answer) => {
    let text = '';
    ask.on('data', (data) => { text += data; });
    ask.on('end', () => {
      if (left-- > 0) { answer.writeHead(503).end(); return; }
      tokens.push({ type: ask.headers['content-type'], token: new URLSearchParams(text).get('logout_token') });
      answer.writeHead(200, { 'cache-control': 'no-store' }).end();
    });
  });
  await new Promise((done) => server.listen(0, '127.0.0.1', done));
  return { url: `http://localhost:${server.address().port}/bc`, tokens, stop: () => server.close() };
}

async function signIn(clinic, config, agent) {
  const verifier = client.randomPKCECodeVerifier();
  const url = client.buildAuthorizationUrl(config, { redirect_uri: redirect, scope: 'openid clinic', state: 's', nonce: 'n',
    code_challenge: await client.calculatePKCECodeChallenge(verifier), code_challenge_method: 'S256' });
  const answer = await agent.signIn(url.href, people.ada);
  return client.authorizationCodeGrant(config, new URL(answer.location), { pkceCodeVerifier: verifier, expectedState: 's', expectedNonce: 'n', idTokenExpected: true });
}

for (const store of stores) {
  test(`RP-initiated logout ends the session, tells the app by back channel after a failure, and returns (${store})`, async (t) => {
    const clinic = await startClinic({ store });
    const app = await listener(1);
    t.after(async () => { app.stop(); await clinic.stop(); });
    const applied = clinic.apply(appDocument({ backchannel_logout_uri: app.url, backchannel_logout_session_required: true, post_logout_redirect_uris: ['http://localhost:9999/bye'] }));
    assert.equal(applied.code, 0, applied.err + applied.out);
    const config = await client.discovery(new URL(clinic.issuer), 'story', {}, client.ClientSecretBasic('story-secret-story-secret-story-secret'), { execute: [client.allowInsecureRequests] });
    const agent = new Agent();
    const tokens = await signIn(clinic, config, agent);
    const claims = tokens.claims();

    const url = client.buildEndSessionUrl(config, { id_token_hint: tokens.id_token, post_logout_redirect_uri: 'http://localhost:9999/bye', state: 'xyz' });
    const left = await agent.follow(url.href);
    assert.equal(left.location, 'http://localhost:9999/bye?state=xyz');

    // At once: the session is gone for introspection and for the next request.
    assert.equal((await client.tokenIntrospection(config, tokens.access_token)).active, false);

    await until('the logout token', () => app.tokens.length === 1, 20000);
    assert.equal(app.tokens[0].type, 'application/x-www-form-urlencoded');
    const { payload, protectedHeader } = await jwtVerify(app.tokens[0].token, createRemoteJWKSet(new URL(config.serverMetadata().jwks_uri)), { issuer: clinic.issuer, audience: 'story', typ: 'logout+jwt' });
    assert.equal(protectedHeader.alg, 'ES256');
    assert.deepEqual(payload.events, { 'http://schemas.openid.net/event/backchannel-logout': {} });
    assert.deepEqual([payload.sub, payload.sid, payload.nonce], [claims.sub, claims.sid, undefined]);
    assert.ok(payload.jti && payload.exp - payload.iat <= 300);
  });

  test(`without a hint the person is asked, and an unregistered return address is not followed (${store})`, async (t) => {
    const clinic = await startClinic({ store });
    t.after(() => clinic.stop());
    clinic.apply(appDocument({ post_logout_redirect_uris: ['http://localhost:9999/bye'], frontchannel_logout_uri: 'http://localhost:9999/fc', frontchannel_logout_session_required: true }));
    const config = await client.discovery(new URL(clinic.issuer), 'story', {}, client.ClientSecretBasic('story-secret-story-secret-story-secret'), { execute: [client.allowInsecureRequests] });
    const agent = new Agent();
    const tokens = await signIn(clinic, config, agent);
    const ask = await agent.follow(`${clinic.issuer}/oauth2/logout`);
    assert.match(ask.text, /id="logout-confirm"/);
    assert.equal((await client.tokenIntrospection(config, tokens.access_token)).active, true, 'asking ends nothing');
    for (const bad of ['http://localhost:9999/bye/', 'http://localhost:9999/bye?x=1', 'https://evil.example/', 'http://localhost:9999@evil.example/bye']) {
      const page = await agent.follow(`${clinic.issuer}/oauth2/logout?client_id=story&post_logout_redirect_uri=${encodeURIComponent(bad)}`);
      assert.equal(page.location, null, bad);
    }
    const out = await agent.submit(ask, {});
    assert.match(out.text, /<h1[^>]*id="logged-out"/);
    assert.match(out.text, new RegExp(`http://localhost:9999/fc\\?iss=[^"]*sid=${tokens.claims().sid}`));
    assert.match(out.headers.get('content-security-policy'), /frame-src (\S+ )?http:\/\/localhost:9999/);
    assert.equal((await client.tokenIntrospection(config, tokens.access_token)).active, false);
  });
}
