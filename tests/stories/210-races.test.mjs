// What may happen once happens once: 64 parallel redemptions of one code and of one refresh token, over two server
// processes on one PostgreSQL, and within one process on SQLite. RACE_ROUNDS=100 is the full count (make soak).
import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import http from 'node:http';
import { test } from 'node:test';
import { Agent } from '../kit/agent.mjs';
import { appDocument, people, sleep, startClinic, stores } from '../kit/clinic.mjs';

const rounds = Number(process.env.RACE_ROUNDS ?? (process.env.STORIES_SHORT ? 3 : 10));
const parallel = 64;
const redirect = 'http://localhost:9999/cb';
const basic = `Basic ${Buffer.from('story:story-secret-story-secret-story-secret').toString('base64')}`;
const pool = new http.Agent({ keepAlive: true, maxSockets: 128 });

export function post(base, path, form, headers = {}) {
  const body = new URLSearchParams(form).toString();
  const url = new URL(path, base);
  return new Promise((done, fail) => {
    const ask = http.request(url, { method: 'POST', agent: pool, headers: { authorization: basic, 'content-type': 'application/x-www-form-urlencoded', 'content-length': Buffer.byteLength(body), ...headers } }, (answer) => {
      let text = '';
      answer.setEncoding('utf8');
      answer.on('data', (data) => { text += data; });
      answer.on('end', () => done({ status: answer.statusCode, json: JSON.parse(text) }));
      answer.on('error', fail);
    });
    ask.on('error', fail);
    ask.end(body);
  });
}

async function oneCode(clinic, agent, scope = 'openid clinic offline_access') {
  const verifier = randomBytes(32).toString('base64url');
  const url = `${clinic.issuer}/oauth2/authorize?` + new URLSearchParams({
    response_type: 'code', client_id: 'story', redirect_uri: redirect, scope, state: 's', nonce: 'n',
    code_challenge: createHash('sha256').update(verifier).digest('base64url'), code_challenge_method: 'S256',
  });
  const answer = await agent.signIn(url, people.ada);
  const code = new URL(answer.location).searchParams.get('code');
  assert.ok(code, answer.location);
  return { grant_type: 'authorization_code', code, redirect_uri: redirect, code_verifier: verifier };
}

const volley = (clinic, form) => Promise.all(Array.from({ length: parallel }, (_, i) => post(clinic.bases[i % clinic.bases.length], '/oauth2/token', form)));

for (const store of stores) {
  const nodes = store === 'postgresql' ? 2 : 1;
  test(`one code, ${parallel} parallel redemptions, ${nodes} process(es): one wins and the rest revoke it (${store}, ${rounds} rounds)`, async (t) => {
    const clinic = await startClinic({ store, nodes });
    t.after(() => clinic.stop());
    assert.equal(clinic.apply(appDocument()).code, 0);
    if (nodes > 1) await sleep(1000); // by then every node knows the app (220)
    const agent = new Agent();
    for (let round = 0; round < rounds; round++) {
      const answers = await volley(clinic, await oneCode(clinic, agent));
      const won = answers.filter((a) => a.status === 200);
      const lost = answers.filter((a) => a.status !== 200);
      assert.equal(won.length, 1, `round ${round}: ${JSON.stringify(answers.map((a) => a.status))}`);
      for (const a of lost) assert.deepEqual([a.status, a.json.error], [400, 'invalid_grant']);
      // Reuse revoked what the first use gave (RFC 6749 4.1.2).
      const after = await post(clinic.bases[0], '/oauth2/token', { grant_type: 'refresh_token', refresh_token: won[0].json.refresh_token });
      assert.deepEqual([after.status, after.json.error], [400, 'invalid_grant']);
      const live = await post(clinic.bases.at(-1), '/oauth2/introspect', { token: won[0].json.access_token });
      assert.equal(live.json.active, false);
    }
  });

  test(`one refresh token, ${parallel} parallel uses, ${nodes} process(es): one successor (${store}, ${rounds} rounds)`, async (t) => {
    const clinic = await startClinic({ store, nodes });
    t.after(() => clinic.stop());
    assert.equal(clinic.apply(appDocument()).code, 0);
    if (nodes > 1) await sleep(1000); // by then every node knows the app (220)
    const agent = new Agent();
    let { json: tokens } = await post(clinic.bases[0], '/oauth2/token', await oneCode(clinic, agent));
    for (let round = 0; round < rounds; round++) {
      const answers = await volley(clinic, { grant_type: 'refresh_token', refresh_token: tokens.refresh_token });
      for (const a of answers) assert.equal(a.status, 200, JSON.stringify(a.json));
      const successors = new Set(answers.map((a) => a.json.refresh_token));
      assert.equal(successors.size, 1, `round ${round}: ${successors.size} successors`);
      assert.ok(!successors.has(tokens.refresh_token));
      tokens = answers[0].json;
    }
    // The successor's own use ends the grace of its parent: the parent now kills the family.
    const next = await post(clinic.bases[0], '/oauth2/token', { grant_type: 'refresh_token', refresh_token: tokens.refresh_token });
    assert.equal(next.status, 200);
    const last = await post(clinic.bases[0], '/oauth2/token', { grant_type: 'refresh_token', refresh_token: next.json.refresh_token });
    assert.equal(last.status, 200);
    const replay = await post(clinic.bases.at(-1), '/oauth2/token', { grant_type: 'refresh_token', refresh_token: tokens.refresh_token });
    assert.deepEqual([replay.status, replay.json.error], [400, 'invalid_grant']);
    const dead = await post(clinic.bases[0], '/oauth2/token', { grant_type: 'refresh_token', refresh_token: last.json.refresh_token });
    assert.deepEqual([dead.status, dead.json.error], [400, 'invalid_grant']);
  });
}
