// upstream.mjs: what people of another practice notice while providers are black holes: they accept and never answer. The
// same visitors come in both cases, to providers that answer at once and to those that do not.
import { once } from 'node:events';
import { createServer } from 'node:http';
import { Agent } from '../kit/agent.mjs';
import { sleep } from '../kit/clinic.mjs';
import { app, authorizeUrl, henry, request } from '../kit/hostile.mjs';
import { buttonsOf, command, connection } from '../kit/upstream.mjs';

const providers = 16; // in each case: while the first ones are asked, the next ones wait
const visitors = 16;
const pause = 250; // of a visitor, in ms

// hole: takes what is asked and says nothing. Else a discovery document.
async function provider(hole) {
  const server = createServer((ask, answer) => {
    if (hole) return;
    const issuer = `http://localhost:${server.address().port}${ask.url.replace(/\/\.well-known.*/, '')}`;
    answer.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify({
      issuer, authorization_endpoint: `${issuer}/authorize`, token_endpoint: `${issuer}/token`, jwks_uri: `${issuer}/jwks`, response_types_supported: ['code'], subject_types_supported: ['public'], id_token_signing_alg_values_supported: ['ES256'],
    }));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return { base: `http://localhost:${server.address().port}`, stop: () => { server.closeAllConnections(); server.close(); } };
}

// Somebody who wants to sign in there, over and over; how many times each was sent on, or told that it is down.
async function visit(clinic, ids, said, going) {
  for (let n = Math.floor(Math.random() * ids.length); going(); n++) {
    const agent = new Agent();
    const page = await agent.follow(authorizeUrl(clinic, request({ tenant: 'northside' }).parameters));
    const end = await agent.follow(buttonsOf(page)[ids[n % ids.length]]);
    said[end.location ? 'sent' : 'down'] += 1;
    await sleep(pause);
  }
}

async function beside(clinic, ids, work) {
  const said = { sent: 0, down: 0 };
  let over = false;
  const there = Array.from({ length: visitors }, () => visit(clinic, ids, said, () => !over));
  await sleep(1000);
  const measured = await work();
  over = true;
  await Promise.all(there);
  return { ...measured, said };
}

export async function providersDown({ clinic, seconds, signIns, cores }) {
  const [up, down] = [await provider(false), await provider(true)];
  const of = (name, { base }) => Array.from({ length: providers }, (_, n) => connection(`${name}-${n}`, { issuer: `${base}/${n}`, client_id: 'lanyard', client_secret: 'bench-secret-bench-secret-bench-secret' }));
  const declared = [of('up', up), of('down', down), of('later', up)];
  const ran = await command(clinic, 'apply', '-f', '-', { input: JSON.stringify({ apps: [app('story')], practices: [{ id: 'northside', connections: declared.flat() }] }) });
  if (ran.code !== 0) throw new Error(ran.err + ran.out);
  const [first, holes, last] = declared.map((list) => list.map((one) => one.id));
  const run = (ids) => beside(clinic, ids, () => signIns(clinic, { duration: 2 * seconds, conns: cores }, undefined, henry));
  const [before, loud, after] = [await run(first), await run(holes), await run(last)];
  up.stop();
  down.stop();
  if (loud.said.sent || before.said.down || after.said.down) throw new Error(`the providers were not as meant: ${JSON.stringify([before.said, loud.said, after.said])}`);
  const quiet = (before.p95 + after.p95) / 2;
  const what = `password sign-ins of another practice while ${providers} providers are black holes: p95`;
  console.error(`${clinic.store} ${what} ${loud.p95.toFixed(1)} ms, ${quiet.toFixed(1)} ms while they answer`);
  return { what, ...loud, ratio: loud.p95 / quiet, limit: { name: `theirs while providers answer, ${quiet.toFixed(1)} ms`, aim: 1.1 }, times: true };
}
