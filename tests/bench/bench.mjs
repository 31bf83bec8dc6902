// bench.mjs: each figure beside the limit it leans on, measured in the same run on the same machine, as a ratio.
import { spawn, spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { join } from 'node:path';
import { createHash, randomBytes } from 'node:crypto';
import { Agent } from '../kit/agent.mjs';
import { appDocument, build, freePort, people, root, sleep, startClinic, until } from '../kit/clinic.mjs';

const seconds = Number(process.env.BENCH_SECONDS ?? 6);
const logins = Number(process.env.BENCH_LOGINS ?? 1000);
const cores = cpus().length;
const connections = 64;
const secret = 'story-secret-story-secret-story-secret';
const basic = (id) => `Basic ${Buffer.from(`${id}:${secret}`).toString('base64')}`;
const enc = encodeURIComponent;
const tool = (name, ...args) => {
  const ran = spawnSync(join(build, 'bench', name), args.map(String), { encoding: 'utf8' });
  if (ran.status !== 0) throw new Error(`${name}: ${ran.stderr}`);
  return Number(ran.stdout);
};

// openssl speed, all cores: operations a second.
function signing() {
  const out = spawnSync('openssl', ['speed', '-multi', String(cores), '-seconds', '3', 'ecdsap256', 'rsa2048'], { encoding: 'utf8' }).stdout;
  const rsa = /rsa\s+2048 bits\s+\S+\s+\S+\s+([\d.]+)\s+([\d.]+)/.exec(out);
  const p256 = /256 bits ecdsa \(nistp256\)\s+\S+\s+\S+\s+([\d.]+)\s+([\d.]+)/.exec(out);
  return { rsaSign: Number(rsa[1]), rsaVerify: Number(rsa[2]), p256Sign: Number(p256[1]), p256Verify: Number(p256[2]) };
}

async function wrk(url, env = {}, { conns = connections, duration = seconds } = {}) {
  const child = spawn('wrk', ['-t2', `-c${conns}`, `-d${duration}s`, '--timeout', '10s', '-s', join(root, 'tests/bench/load.lua'), url],
    { env: { ...process.env, THREADS: '2', ...env }, stdio: ['ignore', 'pipe', 'inherit'] });
  let out = '';
  child.stdout.on('data', (data) => { out += data; });
  await new Promise((done) => child.once('exit', done));
  const line = out.trim().split('\n').reverse().find((l) => l.startsWith('{'));
  if (!line) throw new Error(`wrk said: ${out}`);
  const r = JSON.parse(line);
  return { rate: r.requests / r.seconds, p50: r.p50 / 1000, p99: r.p99 / 1000, errors: r.errors };
}

async function bareHello(bytes) {
  const port = await freePort();
  const child = spawn(join(build, 'bench/hello'), [String(port), String(Math.max(4, 2 * cores)), String(bytes)]);
  await until('hello', async () => (await fetch(`http://127.0.0.1:${port}/`)).ok);
  const r = await wrk(`http://127.0.0.1:${port}/`);
  child.kill();
  return r.rate;
}

// The store's own rate of single-row durable commits: pgbench at the same concurrency; one writer on SQLite.
function commitRate(clinic) {
  if (clinic.store === 'sqlite') return tool('commits', join(clinic.scratch, 'commits.db'), seconds);
  const script = join(clinic.scratch, 'insert.sql');
  writeFileSync(script, "INSERT INTO bench_row (v) VALUES ('a row of about the length that an event has');\n");
  spawnSync('psql', [clinic.address, '-qc', 'CREATE TABLE bench_row (id bigserial PRIMARY KEY, v text)']);
  const out = spawnSync('pgbench', ['-n', '-M', 'prepared', '-c', '16', '-j', '2', '-T', String(seconds), '-f', script, clinic.address], { encoding: 'utf8' });
  return Number(/tps = ([\d.]+)/.exec(out.stdout)?.[1] ?? NaN);
}

const rss = (pid) => Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))[1]) / 1024;
const cpuSeconds = (pid) => {
  const f = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1].split(' ');
  return (Number(f[11]) + Number(f[12])) / 100;
};

async function codes(clinic, client, count) {
  const agent = new Agent();
  const verifier = randomBytes(32).toString('base64url');
  const challenge = createHash('sha256').update(verifier).digest('base64url');
  const url = `${clinic.issuer}/oauth2/authorize?response_type=code&client_id=${client}&redirect_uri=${enc('http://localhost:9999/cb')}` +
    `&scope=${enc('openid clinic offline_access')}&state=s&nonce=n&code_challenge=${challenge}&code_challenge_method=S256`;
  const first = await agent.signIn(url, people.ada);
  if (!first.location?.includes('code=')) throw new Error(`no code: ${first.status} ${first.location ?? first.text}`);
  const bodies = [];
  await Promise.all(Array.from({ length: 16 }, async () => {
    while (bodies.length < count) {
      const answer = await agent.send(url);
      const code = new URL(answer.location).searchParams.get('code');
      bodies.push(`grant_type=authorization_code&code=${enc(code)}&redirect_uri=${enc('http://localhost:9999/cb')}&code_verifier=${verifier}`);
    }
  }));
  return bodies;
}

async function exchange(clinic, client, body) {
  const answer = await fetch(`${clinic.issuer}/oauth2/token`, { method: 'POST', body, headers: { authorization: basic(client), 'content-type': 'application/x-www-form-urlencoded' } });
  if (answer.status !== 200) throw new Error(`${answer.status} ${await answer.text()}`);
  return answer.json();
}

async function measure(store, limits) {
  const rows = [];
  const add = (what, r, limit, limitName, aim) => {
    rows.push({ what, ...r, ratio: limit ? r.rate / limit : undefined, limitName, aim });
    console.error(`${store} ${what}: ${r.rate.toFixed(0)}/s`);
  };
  // The floor settings of a story are replaced by what a clinic runs with.
  const clinic = await startClinic({ store, env: { LANYARD_PASSWORD_MEMORY_KIB: '47104', LANYARD_PASSWORD_PASSES: '1' } });
  const pid = clinic.nodes[0].process.pid;
  const memory = { idle: rss(pid) };
  const apps = appDocument().apps;
  const second = { ...apps[0], client_id: 'story-rs', id_token_signed_response_alg: 'RS256', access_token_alg: 'RS256' };
  const applied = clinic.apply({ apps: [apps[0], second] });
  if (applied.code !== 0) throw new Error(applied.err + applied.out);
  const token = `${clinic.issuer}/oauth2/token`;
  const file = (name, lines) => { const path = join(clinic.scratch, name); writeFileSync(path, lines.join('\n') + '\n'); return path; };
  const commit = commitRate(clinic);

  for (const [name, path] of [['discovery', '/.well-known/openid-configuration'], ['JWKS', '/oauth2/jwks']]) {
    const size = (await (await fetch(clinic.issuer + path)).text()).length;
    add(name, await wrk(clinic.issuer + path), await bareHello(size), 'bare libmicrohttpd answer of that size', 0.7);
  }
  const grant = file('client', ['grant_type=client_credentials&scope=clinic&tenant=northside']);
  add('client_credentials ES256', await wrk(token, { METHOD: 'POST', BODIES: grant, AUTH: basic('story') }), limits.p256Sign, 'P-256 signatures', 0.2);
  add('client_credentials RS256', await wrk(token, { METHOD: 'POST', BODIES: grant, AUTH: basic('story-rs') }), limits.rsaSign, 'RSA-2048 signatures', 0.6);

  for (const [client, alg] of [['story', 'ES256'], ['story-rs', 'RS256']]) {
    const bodies = file(`codes-${alg}`, await codes(clinic, client, alg === 'ES256' ? 12000 : 5000));
    add(`code exchange ${alg}`, await wrk(token, { METHOD: 'POST', BODIES: bodies, ONCE: '1', AUTH: basic(client) }, { duration: 30 }), commit,
      'single-row durable commits', alg === 'ES256' ? (store === 'sqlite' ? 1 : 0.6) : undefined);
    const tokens = await Promise.all((await codes(clinic, client, 256)).slice(0, 256).map((body) => exchange(clinic, client, body)));
    const refresh = file(`refresh-${alg}`, tokens.map((t) => `grant_type=refresh_token&refresh_token=${enc(t.refresh_token)}`));
    add(`refresh ${alg}`, await wrk(token, { METHOD: 'POST', BODIES: refresh, ONCE: '1', NEXT: '1', TEMPLATE: 'grant_type=refresh_token&refresh_token=@', AUTH: basic(client) }),
      commit, 'single-row durable commits', alg === 'ES256' ? (store === 'sqlite' ? 1 : 0.6) : undefined);
  }
  const [one] = await Promise.all((await codes(clinic, 'story', 1)).slice(0, 1).map((body) => exchange(clinic, 'story', body)));
  const ask = file('introspect', [`token=${enc(one.access_token)}`]);
  add('introspection', await wrk(`${clinic.issuer}/oauth2/introspect`, { METHOD: 'POST', BODIES: ask, AUTH: basic('story') }), limits.p256Verify, 'P-256 verifications', 0.25);
  add('userinfo', await wrk(`${clinic.issuer}/oauth2/userinfo`, { AUTH: `Bearer ${one.access_token}` }), limits.p256Verify, 'P-256 verifications', 0.25);

  // Full password sign-ins: four browsers at a time for every core, from the first page to the session.
  let done = 0;
  const times = [];
  const quiet = await wrk(token, { METHOD: 'POST', BODIES: grant, AUTH: basic('story') }, { conns: 8 });
  const began = Date.now();
  const signIns = Promise.all(Array.from({ length: 4 * cores }, async () => {
    while (done < logins) {
      done++;
      const at = Date.now();
      const agent = new Agent();
      const page = await agent.signIn(`${clinic.issuer}/login`, people.ada);
      if (page.status !== 200 || /login-form/.test(page.text)) throw new Error(`sign-in: ${page.status}`);
      times.push(Date.now() - at);
    }
  }));
  await signIns;
  const rate = (logins * 1000) / (Date.now() - began);
  times.sort((a, b) => a - b);
  add('password sign-in', { rate, p50: times[times.length >> 1], p99: times[Math.floor(times.length * 0.99)], errors: 0 }, limits.argon, 'Argon2id alone', 0.85);
  memory.afterLogins = rss(pid);
  // The token endpoint while sign-ins run at capacity.
  done = -1e9;
  let over = false;
  const busy = Promise.all(Array.from({ length: 4 * cores }, async () => {
    while (!over) await new Agent().signIn(`${clinic.issuer}/login`, people.ada);
  }));
  await sleep(500);
  const loud = await wrk(token, { METHOD: 'POST', BODIES: grant, AUTH: basic('story') }, { conns: 8 });
  over = true;
  await busy;
  rows.push({ what: 'token endpoint p99 (ms) while sign-ins run at capacity', rate: loud.p99, p50: loud.p50, p99: loud.p99, errors: loud.errors, ratio: loud.p99 / quiet.p99, limitName: `p99 without them (${quiet.p99.toFixed(1)} ms)`, aim: 2, less: true });

  manySessions(clinic, 100000);
  const agent = new Agent();
  await agent.signIn(`${clinic.issuer}/login`, people.ada);
  memory.with100kSessions = rss(pid);
  await clinic.stop();
  const start = await startTime(store);
  return { store, rows, memory, start, commit };
}

function manySessions(clinic, count) {
  const columns = '(practice_id, hash, sid, account_id, started_at, seen_at, idle_seconds, ends_at, auth_time, acr, amr, account_epoch, practice_epoch)';
  const now = Math.floor(Date.now() / 1000);
  const values = (id) => `'northside', 'h' || ${id}, 's' || ${id}, (SELECT id FROM account WHERE practice_id = 'northside' LIMIT 1), ${now}, ${now}, 1800, ${now + 40000}, ${now}, 'urn:lanyard:acr:1fa', '["pwd"]', 0, 0`;
  const ran = clinic.store === 'sqlite'
    ? spawnSync('sqlite3', [join(clinic.scratch, 'lanyard.db'), `.timeout 5000`, `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${count}) INSERT INTO session ${columns} SELECT ${values('i')} FROM n`], { encoding: 'utf8' })
    : spawnSync('psql', [clinic.address, '-qc', `INSERT INTO session ${columns} SELECT ${values('i')} FROM generate_series(1, ${count}) AS i`, '-v', 'ON_ERROR_STOP=1'], { encoding: 'utf8', env: { ...process.env, PGOPTIONS: '-c lanyard.practice=northside' } });
  if (ran.status !== 0) throw new Error(`sessions: ${ran.stderr}`);
}

// From exec to the first 200, keys already made.
async function startTime(store) {
  const clinic = await startClinic({ store });
  await clinic.kill(0, 'SIGTERM');
  const times = [];
  for (let i = 0; i < 5; i++) {
    const at = performance.now();
    const child = spawn(join(build, 'lanyard'), ['serve', '--config', clinic.nodes[0].config], { stdio: 'ignore', env: { ...process.env, LANYARD_TEST_POSTGRESQL: undefined, LANYARD_BUILD: undefined } });
    for (;;) {
      try { if ((await fetch(`${clinic.issuer}/.well-known/openid-configuration`)).ok) break; } catch { await sleep(1); }
    }
    times.push(performance.now() - at);
    child.kill('SIGTERM');
    await new Promise((gone) => child.once('exit', gone));
  }
  await clinic.startNode(0);
  await clinic.stop();
  return times.sort((a, b) => a - b)[2];
}

const limits = signing();
limits.argon = tool('argon', cores, 47104, 1, 4);
console.log(`Machine: ${cores} cores. Limits in this run, all cores: P-256 ${limits.p256Sign.toFixed(0)} signatures/s and ${limits.p256Verify.toFixed(0)} verifications/s, ` +
  `RSA-2048 ${limits.rsaSign.toFixed(0)} signatures/s, Argon2id ${limits.argon.toFixed(1)}/s.\n`);
for (const store of (process.env.STORIES_STORES ?? 'sqlite,postgresql').split(',')) {
  const { rows, memory, start, commit } = await measure(store, limits);
  console.log(`### ${store === 'sqlite' ? 'SQLite' : 'PostgreSQL'} (${commit.toFixed(0)} single-row durable commits/s)\n`);
  console.log('| what | share of the limit | aim | limit it leans on | per second | p50 ms | p99 ms | errors |\n|---|---|---|---|---|---|---|---|');
  for (const r of rows) {
    console.log(`| ${r.what} | ${r.ratio === undefined ? '' : r.less ? `${r.ratio.toFixed(2)}x` : `${(r.ratio * 100).toFixed(0)} %`} | ${r.aim === undefined ? '' : r.less ? `<= ${r.aim}x` : `${(r.aim * 100).toFixed(0)} %`} | ${r.limitName} | ${r.less ? '' : r.rate.toFixed(0)} | ${r.p50.toFixed(2)} | ${r.p99.toFixed(2)} | ${r.errors} |`);
  }
  console.log(`\nResident memory: ${memory.idle.toFixed(0)} MB idle, ${memory.afterLogins.toFixed(0)} MB after ${logins} password sign-ins, ` +
    `${memory.with100kSessions.toFixed(0)} MB with 100,000 sessions in the store. Start to first 200: ${start.toFixed(0)} ms.\n`);
}
