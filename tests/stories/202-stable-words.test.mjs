// What scripts and support rely on: the stable word of each refusal at the token endpoint, beside the protocol's own.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import { Agent } from '../kit/agent.mjs';
import { appDocument, people, startClinic } from '../kit/clinic.mjs';
import { challengeOf } from '../kit/hostile.mjs';

const redirect = 'http://localhost:9999/cb';
const secret = 'story-secret-story-secret-story-secret';

test('each refusal of a code or refresh token has its word', async (t) => {
  const clinic = await startClinic({ store: 'sqlite' });
  t.after(() => clinic.stop());
  const [app] = appDocument().apps;
  assert.equal(clinic.apply({ apps: [app, { ...app, client_id: 'rival' }] }).code, 0);
  const agent = new Agent();
  const code_verifier = randomBytes(32).toString('base64url');
  const code = async () => {
    const url = `${clinic.issuer}/oauth2/authorize?` + new URLSearchParams({ response_type: 'code', client_id: 'story', redirect_uri: redirect,
      scope: 'openid offline_access', state: 's', code_challenge: challengeOf(code_verifier), code_challenge_method: 'S256' });
    return new URL((await agent.signIn(url, people.ada)).location).searchParams.get('code');
  };
  const word = async (form, client = 'story') => {
    const answer = await fetch(`${clinic.issuer}/oauth2/token`, { method: 'POST', body: new URLSearchParams(form),
      headers: { authorization: `Basic ${Buffer.from(`${client}:${secret}`).toString('base64')}` } });
    return (await answer.json()).code;
  };
  const grant = { grant_type: 'authorization_code', redirect_uri: redirect, code_verifier };
  assert.equal(await word(grant), 'code_missing');
  assert.equal(await word({ ...grant, code: 'x' }), 'code_invalid');
  assert.equal(await word({ ...grant, code: await code() }, 'rival'), 'code_not_yours');
  assert.equal(await word({ ...grant, code: await code(), redirect_uri: 'http://localhost:9999/other' }), 'redirect_differs');
  assert.equal(await word({ ...grant, code: await code(), code_verifier: 'a'.repeat(43) }), 'pkce_mismatch');
  assert.equal(await word({ grant_type: 'refresh_token', refresh_token: 'r1.family.0.x' }), 'refresh_invalid');
  assert.equal(await word({ grant_type: 'password', username: 'a', password: 'b' }), 'grant_type');
});
