// Disabling an account, changing a role, logging everyone out: sessions and refresh tokens follow within a second on
// every node.
import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { test } from 'node:test';
import { Agent } from '../kit/agent.mjs';
import { appDocument, people, sleep, startClinic, stores } from '../kit/clinic.mjs';

const redirect = 'http://localhost:9999/cb';
const basic = `Basic ${Buffer.from('story:story-secret-story-secret-story-secret').toString('base64')}`;

async function ask(base, path, form, headers = { authorization: basic }) {
  const answer = await fetch(new URL(path, base), { method: 'POST', headers, body: new URLSearchParams(form) });
  return { status: answer.status, json: await answer.json() };
}

async function signIn(clinic, who) {
  const agent = new Agent();
  const verifier = randomBytes(32).toString('base64url');
  const url = `${clinic.issuer}/oauth2/authorize?` + new URLSearchParams({
    response_type: 'code', client_id: 'story', redirect_uri: redirect, scope: 'openid clinic offline_access', state: 's', nonce: 'n',
    code_challenge: createHash('sha256').update(verifier).digest('base64url'), code_challenge_method: 'S256',
  });
  const answer = await agent.signIn(url, who);
  const code = new URL(answer.location).searchParams.get('code');
  const { status, json } = await ask(clinic.bases[0], '/oauth2/token', { grant_type: 'authorization_code', code, redirect_uri: redirect, code_verifier: verifier });
  assert.equal(status, 200, JSON.stringify(json));
  return { agent, url, tokens: json };
}

for (const store of stores) {
  test(`disable, role change and log-out-all reach every node within a second (${store})`, async (t) => {
    const clinic = await startClinic({ store, nodes: store === 'postgresql' ? 2 : 1 });
    t.after(() => clinic.stop());
    assert.equal(clinic.apply(appDocument()).code, 0);
    await sleep(600);

    // A role change is in the next introspection and refresh.
    const ada = await signIn(clinic, people.ada);
    clinic.must('grant', people.ada.username, 'front-desk', '--location', 'west', '--practice', 'northside');
    await sleep(1000);
    for (const base of clinic.bases) {
      const { json } = await ask(base, '/oauth2/introspect', { token: ada.tokens.access_token });
      assert.deepEqual(json.clinic.locations.find((l) => l.id === 'west').roles.toSorted(), ['front-desk', 'manager']);
    }
    const refreshed = await ask(clinic.bases.at(-1), '/oauth2/token', { grant_type: 'refresh_token', refresh_token: ada.tokens.refresh_token });
    assert.equal(refreshed.status, 200, JSON.stringify(refreshed.json));
    const payload = JSON.parse(Buffer.from(refreshed.json.access_token.split('.')[1], 'base64url'));
    assert.ok(payload.clinic.locations.find((l) => l.id === 'west').roles.includes('front-desk'));

    // Disabled: nothing works any more, anywhere.
    clinic.must('user', 'disable', people.ada.username, '--practice', 'northside');
    await sleep(1000);
    for (const base of clinic.bases) {
      assert.equal((await ask(base, '/oauth2/introspect', { token: refreshed.json.access_token })).json.active, false);
      const userinfo = await fetch(new URL('/oauth2/userinfo', base), { headers: { authorization: `Bearer ${refreshed.json.access_token}` } });
      assert.equal(userinfo.status, 401);
    }
    assert.equal((await ask(clinic.bases.at(-1), '/oauth2/token', { grant_type: 'refresh_token', refresh_token: refreshed.json.refresh_token })).json.error, 'invalid_grant');
    const again = await ada.agent.follow(ada.url);
    assert.equal(again.location, null, 'the session is gone: the sign-in page stands there');
    clinic.must('user', 'enable', people.ada.username, '--practice', 'northside');
    await signIn(clinic, people.ada);

    // Log everyone out of one practice; the other practice stays.
    const northside = await signIn(clinic, people.ada);
    const riverside = await signIn(clinic, { username: 'henry@riverside.example', password: people.ada.password });
    clinic.must('logout-all', '--practice', 'northside', '--yes');
    await sleep(1000);
    for (const base of clinic.bases) {
      assert.equal((await ask(base, '/oauth2/introspect', { token: northside.tokens.access_token })).json.active, false);
      assert.equal((await ask(base, '/oauth2/introspect', { token: riverside.tokens.access_token })).json.active, true);
    }
    assert.equal((await ask(clinic.bases.at(-1), '/oauth2/token', { grant_type: 'refresh_token', refresh_token: northside.tokens.refresh_token })).json.error, 'invalid_grant');
  });
}
