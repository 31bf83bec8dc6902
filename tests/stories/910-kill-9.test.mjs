// Killed under load, again and again: everything that was answered with success is still true afterwards.
import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { test } from 'node:test';
import { Agent } from '../kit/agent.mjs';
import { appDocument, people, sleep, startClinic, stores } from '../kit/clinic.mjs';

const rounds = Number(process.env.KILL_ROUNDS ?? (process.env.STORIES_SHORT ? 2 : 5));
const redirect = 'http://localhost:9999/cb';
const basic = `Basic ${Buffer.from('story:story-secret-story-secret-story-secret').toString('base64')}`;

// null: no answer came; it may or may not have happened.
async function ask(base, path, form) {
  try {
    const answer = await fetch(new URL(path, base), { method: 'POST', headers: { authorization: basic }, body: new URLSearchParams(form) });
    return { status: answer.status, json: await answer.json() };
  } catch {
    return null;
  }
}

for (const store of stores) {
  test(`kill -9 under load ${rounds} times: what was answered holds (${store})`, async (t) => {
    const clinic = await startClinic({ store });
    t.after(() => clinic.stop());
    assert.equal(clinic.apply(appDocument()).code, 0);
    let checked = 0;
    for (let round = 0; round < rounds; round++) {
      const agent = new Agent();
      const verifier = randomBytes(32).toString('base64url');
      const url = `${clinic.issuer}/oauth2/authorize?` + new URLSearchParams({
        response_type: 'code', client_id: 'story', redirect_uri: redirect, scope: 'openid clinic offline_access', state: 's', nonce: 'n',
        code_challenge: createHash('sha256').update(verifier).digest('base64url'), code_challenge_method: 'S256',
      });
      await agent.signIn(url, people.ada);
      const facts = { spent: [], tokens: [], rotated: [], revoked: [] };
      let over = false;
      const worker = async (kind) => {
        while (!over) {
          let code;
          try {
            const answer = await agent.send(url);
            code = answer.location && new URL(answer.location).searchParams.get('code');
          } catch { continue; }
          if (!code) continue;
          const form = { grant_type: 'authorization_code', code, redirect_uri: redirect, code_verifier: verifier };
          const first = await ask(clinic.issuer, '/oauth2/token', form);
          if (first?.status !== 200) continue;
          if (kind === 'spend') { facts.spent.push(form); continue; }
          if (kind === 'keep') { facts.tokens.push(first.json); continue; }
          if (kind === 'rotate') {
            const next = await ask(clinic.issuer, '/oauth2/token', { grant_type: 'refresh_token', refresh_token: first.json.refresh_token });
            if (next?.status === 200) facts.rotated.push({ old: first.json, now: next.json });
            continue;
          }
          const gone = await fetch(new URL('/oauth2/revoke', clinic.issuer), { method: 'POST', headers: { authorization: basic }, body: new URLSearchParams({ token: first.json.refresh_token }) }).catch(() => null);
          if (gone?.status === 200) facts.revoked.push(first.json);
        }
      };
      const load = ['spend', 'keep', 'rotate', 'revoke', 'keep', 'rotate', 'revoke', 'spend'].map(worker);
      await sleep(700 + Math.random() * 500);
      await clinic.kill(0, 'SIGKILL');
      over = true;
      await Promise.all(load);
      await clinic.startNode(0);

      for (const form of facts.spent.slice(-20)) {
        const again = await ask(clinic.issuer, '/oauth2/token', form);
        assert.deepEqual([again.status, again.json.error], [400, 'invalid_grant'], 'a spent code stays spent');
        checked++;
      }
      for (const tokens of facts.tokens.slice(-20)) {
        assert.equal((await ask(clinic.issuer, '/oauth2/introspect', { token: tokens.access_token })).json.active, true, 'an issued grant is there');
        assert.equal((await ask(clinic.issuer, '/oauth2/token', { grant_type: 'refresh_token', refresh_token: tokens.refresh_token })).status, 200);
        checked++;
      }
      for (const { now } of facts.rotated.slice(-20)) {
        assert.equal((await ask(clinic.issuer, '/oauth2/token', { grant_type: 'refresh_token', refresh_token: now.refresh_token })).status, 200, 'the successor works');
        checked++;
      }
      for (const tokens of facts.revoked.slice(-20)) {
        assert.equal((await ask(clinic.issuer, '/oauth2/introspect', { token: tokens.access_token })).json.active, false, 'what was revoked stays revoked');
        checked++;
      }
    }
    assert.ok(checked > rounds * 4, `only ${checked} facts were checked`);
  });
}
