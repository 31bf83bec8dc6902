// One browser session over an OpenID Connect app and two SAML apps: one sign-in, one sign-out; and what is said when one
// of them is down.
import assert from 'node:assert/strict';
import http from 'node:http';
import { test } from 'node:test';
import { inflateRawSync } from 'node:zlib';
import * as client from 'openid-client';
import { Agent } from '../kit/agent.mjs';
import { appDocument, people, startClinic, stores, until } from '../kit/clinic.mjs';
import { startMellon } from '../kit/mellon.mjs';
import { samlDocument, signOutHere, visit } from '../kit/saml.mjs';
import { startSimpleSAMLphp } from '../kit/simplesamlphp.mjs';

const redirect = 'http://localhost:9999/cb';

// The OpenID Connect app's back-channel address, which can be down.
async function listener() {
  const told = [];
  const app = { told, down: false };
  const server = http.createServer((ask, answer) => {
    ask.resume().on('end', () => {
      if (!app.down) told.push(ask.url);
      answer.writeHead(app.down ? 503 : 200).end();
    });
  });
  await new Promise((done) => server.listen(0, '127.0.0.1', done));
  return Object.assign(app, { url: `http://localhost:${server.address().port}/bc`, stop: () => server.close() });
}

// Signed on at the OpenID Connect app; its tokens.
async function signOnByCode(config, agent) {
  const verifier = client.randomPKCECodeVerifier();
  const url = client.buildAuthorizationUrl(config, { redirect_uri: redirect, scope: 'openid clinic', state: 's', code_challenge: await client.calculatePKCECodeChallenge(verifier), code_challenge_method: 'S256' });
  const answer = await agent.signIn(url.href, people.ada);
  return client.authorizationCodeGrant(config, new URL(answer.location), { pkceCodeVerifier: verifier, expectedState: 's' });
}

// What a LogoutResponse says that came by redirect.
function outcome(queries) {
  const [message] = queries.map((address) => new URL(address).searchParams.get('SAMLResponse')).filter(Boolean).slice(-1);
  const xml = inflateRawSync(Buffer.from(message, 'base64')).toString();
  return [...xml.matchAll(/StatusCode [^>]*Value="[^"]*:status:(\w+)"/g)].map(([, word]) => word);
}

for (const store of stores) {
  test(`one sign-in and one sign-out for an OpenID Connect app and two SAML apps (${store})`, async (t) => {
    const clinic = await startClinic({ store });
    const app = await listener();
    let mellon, php;
    t.after(async () => { app.stop(); await mellon?.stop(); await php?.stop(); await clinic.stop(); });
    mellon = await startMellon(clinic);
    php = await startSimpleSAMLphp(clinic, { 'sign.authnrequest': true, 'sign.logout': true, 'redirect.validate': true });
    for (const document of [
      appDocument({ backchannel_logout_uri: app.url }), samlDocument(mellon.entity, mellon.metadata, { name: 'Mellon' }), samlDocument(php.entity, php.metadata, { name: 'PHP' }),
    ]) {
      const applied = clinic.apply(document);
      assert.equal(applied.code, 0, applied.err + applied.out);
    }
    const config = await client.discovery(new URL(clinic.issuer), 'story', {}, client.ClientSecretBasic('story-secret-story-secret-story-secret'), { execute: [client.allowInsecureRequests] });

    // In all three with one password.
    const everywhere = async () => {
      const agent = new Agent();
      const tokens = await signOnByCode(config, agent);
      const trail = [];
      assert.equal((await visit(agent, `${mellon.base}/main/`, { trail })).status, 200);
      assert.match((await visit(agent, `${php.base}/page`, { trail })).text, /northside/);
      assert.ok(!trail.includes('password'), trail.join(' '));
      return { agent, tokens };
    };
    const goneEverywhere = async ({ agent, tokens }) => {
      assert.equal((await client.tokenIntrospection(config, tokens.access_token)).active, false);
      await until('mod_auth_mellon to forget the session', async () => (await agent.send(`${mellon.base}/main/`)).status === 303);
      assert.equal((await agent.send(`${php.base}/signed-out`)).text, '{"signed_out":true}', 'SimpleSAMLphp');
    };

    await t.test('signing out at one SAML app reaches the other and the OpenID Connect app, and is confirmed', async () => {
      const session = await everywhere();
      const queries = [];
      const back = await visit(session.agent, `${mellon.base}/mellon/logout?ReturnTo=${encodeURIComponent(`${mellon.base}/`)}`, { queries });
      assert.equal(back.url, `${mellon.base}/`, back.text);
      assert.deepEqual(outcome(queries), ['Success']);
      await goneEverywhere(session);
      assert.equal(app.told.length, 1);
    });

    await t.test('signing out here reaches all three', async () => {
      const session = await everywhere();
      app.told.length = 0;
      const { frames } = await signOutHere(session.agent, clinic);
      assert.equal(frames.length, 1, 'SimpleSAMLphp is told in the browser');
      await goneEverywhere(session);
      await until('the OpenID Connect app', () => app.told.length === 1);
    });

    await t.test('the answer is PartialLogout, within ten seconds, when an app is down', async () => {
      const session = await everywhere();
      app.down = true;
      const began = Date.now();
      const queries = [];
      const back = await visit(session.agent, `${mellon.base}/mellon/logout?ReturnTo=${encodeURIComponent(`${mellon.base}/`)}`, { queries });
      assert.ok(Date.now() - began < 10000, `${Date.now() - began} ms`);
      assert.equal(back.url, `${mellon.base}/`, back.text);
      assert.deepEqual(outcome(queries), ['Success', 'PartialLogout']);
      await goneEverywhere(session);
    });
  });
}
