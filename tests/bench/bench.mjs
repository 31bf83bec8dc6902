// bench.mjs: each figure beside the limit it leans on. A limit is measured right before and right after its figure, by
// the clock and with as many threads as there are cores, and the mean of both counts: what else the machine does hits both.
import { spawn, spawnSync } from 'node:child_process';
import { readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { join } from 'node:path';
import { createHash, randomBytes } from 'node:crypto';
import { Agent } from '../kit/agent.mjs';
import { saml } from './saml.mjs';
import { providersDown } from './upstream.mjs';
import { appDocument, build, freePort, lanyard, people, root, sleep, startClinic, until } from '../kit/clinic.mjs';

const seconds = Number(process.env.BENCH_SECONDS ?? 4);
const logins = Number(process.env.BENCH_LOGINS ?? 600);
const inARow = Number(process.env.BENCH_SIGN_INS ?? 0); // so many, and the memory after them; 0: not measured
const only = process.env.BENCH_ONLY ? new RegExp(process.env.BENCH_ONLY) : /./;
const cores = cpus().length;
const connections = 64;
const half = Math.max(1, Math.round(Math.min(seconds, 4) / 2)); // of a limit's seconds: before and after
const quickThreads = Math.max(8, 2 * cores); // the default of limits.quick_threads: so many connections to the store
const secret = 'story-secret-story-secret-story-secret';
const basic = (id) => `Basic ${Buffer.from(`${id}:${secret}`).toString('base64')}`;
const enc = encodeURIComponent;
const tool = (name, ...args) => {
  const ran = spawnSync(join(build, 'bench', name), args.map(String), { encoding: 'utf8' });
  if (ran.status !== 0) throw new Error(`${name}: ${ran.stderr}`);
  return Number(ran.stdout);
};

// ---- limits ----

// openssl speed by the clock, all cores: signatures and verifications a second.
function openssl(name) {
  const out = spawnSync('openssl', ['speed', '-elapsed', '-multi', String(cores), '-seconds', '1', name], { encoding: 'utf8' }).stdout;
  const [, sign, verify] = /(?:2048 bits|\(nistp256\))\s+\S+\s+\S+\s+([\d.]+)\s+([\d.]+)\s*$/m.exec(out);
  return { sign: Number(sign), verify: Number(verify) };
}

async function bareHello(bytes) {
  const port = await freePort();
  const child = spawn(join(build, 'bench/hello'), [String(port), String(Math.max(4, 2 * cores)), String(bytes)]);
  await until('hello', async () => (await fetch(`http://127.0.0.1:${port}/`)).ok);
  const r = await wrk(`http://127.0.0.1:${port}/`, {}, { duration: half });
  child.kill();
  return r.rate;
}

// The store's own rate of single-row durable commits: pgbench with as many connections as the server has; one
// connection's on SQLite.
function commitRate(clinic) {
  if (clinic.store === 'sqlite') return tool('commits', join(clinic.scratch, `commits${randomBytes(4).toString('hex')}.db`), half);
  const script = join(clinic.scratch, 'insert.sql');
  writeFileSync(script, "INSERT INTO bench_row (v) VALUES ('a row of about the length that an event has');\n");
  spawnSync('psql', [clinic.address, '-qc', 'CREATE TABLE IF NOT EXISTS bench_row (id bigserial PRIMARY KEY, v text)']);
  const out = spawnSync('pgbench', ['-n', '-M', 'prepared', '-c', String(quickThreads), '-j', '2', '-T', String(half), '-f', script, clinic.address], { encoding: 'utf8' });
  const rate = Number(/tps = ([\d.]+)/.exec(out.stdout)?.[1]);
  if (!rate) throw new Error(`pgbench: ${out.stderr}`);
  return rate;
}

// ---- load ----

async function wrk(url, env = {}, { conns = connections, duration = seconds, script = 'load.lua' } = {}) {
  const child = spawn('wrk', ['-t2', `-c${conns}`, `-d${duration}s`, '--timeout', '10s', '-s', join(root, 'tests/bench', script), url],
    { env: { ...process.env, THREADS: '2', ...env }, stdio: ['ignore', 'pipe', 'inherit'] });
  let out = '';
  child.stdout.on('data', (data) => {
    out += data;
    if (out.split('enough\n').length > 2) child.kill('SIGINT'); // both threads have what was asked for
  });
  await new Promise((done) => child.once('exit', done));
  const line = out.trim().split('\n').reverse().find((l) => l.startsWith('{'));
  if (!line) throw new Error(`wrk said: ${out}`);
  const r = JSON.parse(line);
  return { rate: r.requests / r.seconds, requests: r.requests, p50: r.p50 / 1000, p95: r.p95 / 1000, p99: r.p99 / 1000, errors: r.errors };
}

// One browser signs in; its session then gives as many codes as are wanted.
async function codes(clinic, client, count) {
  const agent = new Agent();
  const verifier = randomBytes(32).toString('base64url');
  const challenge = createHash('sha256').update(verifier).digest('base64url');
  const url = `${clinic.issuer}/oauth2/authorize?response_type=code&client_id=${client}&redirect_uri=${enc('http://localhost:9999/cb')}` +
    `&scope=${enc('openid clinic offline_access')}&state=s&nonce=n&code_challenge=${challenge}&code_challenge_method=S256`;
  const first = await agent.signIn(url, people.ada);
  if (!first.location?.includes('code=')) throw new Error(`no code: ${first.status} ${first.location ?? first.text}`);
  const bodies = [];
  await Promise.all(Array.from({ length: Math.min(16, count) }, async () => {
    while (bodies.length < count) {
      const answer = await agent.send(url);
      const code = new URL(answer.location).searchParams.get('code');
      bodies.push(`grant_type=authorization_code&code=${enc(code)}&redirect_uri=${enc('http://localhost:9999/cb')}&code_verifier=${verifier}`);
    }
  }));
  return bodies.slice(0, count);
}

async function exchange(clinic, client, body) {
  const answer = await fetch(`${clinic.issuer}/oauth2/token`, { method: 'POST', body, headers: { authorization: basic(client), 'content-type': 'application/x-www-form-urlencoded' } });
  if (answer.status !== 200) throw new Error(`${answer.status} ${await answer.text()}`);
  return answer.json();
}

// ---- what the server takes ----

const clockTicks = 100;
const cpuOf = (pid) => {
  const f = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1].split(' ');
  return (Number(f[11]) + Number(f[12])) / clockTicks;
};
const rss = (pid) => Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))[1]) / 1024;
// Buffers of password hashes are given back 10 s after the last one.
async function calmRss(pid) {
  let least = rss(pid);
  for (const end = Date.now() + 18000; Date.now() < end; await sleep(500)) least = Math.min(least, rss(pid));
  return least;
}

// ---- one store ----

class Table {
  constructor(clinic) { Object.assign(this, { clinic, rows: [], pid: clinic.nodes[0].process.pid }); }

  // limit: { rate, name, aim }.
  async figure(what, run, limit) {
    if (!only.test(what)) return;
    const first = limit && (await limit());
    await sleep(500); // a store that was written to comes to rest
    const before = cpuOf(this.pid);
    const r = await run();
    const cost = ((cpuOf(this.pid) - before) * 1e6) / r.requests;
    const second = limit && (await limit());
    const at = limit && { ...first, rate: (first.rate + second.rate) / 2 };
    await sleep(100); // what the kept connections heard meanwhile: the server closes idle ones
    this.rows.push({ what, ...r, cost, ratio: at && r.rate / at.rate, limit: at });
    console.error(`${this.clinic.store} ${what}: ${r.rate.toFixed(0)}/s${at ? `, ${((100 * r.rate) / at.rate).toFixed(0)} % of ${at.rate.toFixed(0)} ${at.name}` : ''}`);
  }
}

async function tokens(table, clinic, file) {
  const token = `${clinic.issuer}/oauth2/token`;
  const store = clinic.store;
  const grant = file('client', ['grant_type=client_credentials&scope=clinic&tenant=northside']);
  const commits = () => ({ rate: commitRate(clinic), name: store === 'sqlite' ? 'single commits of one connection' : 'single-row durable commits', aim: store === 'sqlite' ? 1 : 0.6 });
  await table.figure('client_credentials ES256', () => wrk(token, { METHOD: 'POST', BODIES: grant, AUTH: basic('story') }),
    () => ({ rate: openssl('ecdsap256').sign, name: 'P-256 signatures', aim: 0.2 }));
  await table.figure('client_credentials RS256', () => wrk(token, { METHOD: 'POST', BODIES: grant, AUTH: basic('story-rs') }),
    () => ({ rate: openssl('rsa2048').sign, name: 'RSA-2048 signatures', aim: 0.6 }));
  for (const [client, alg] of [['story', 'ES256'], ['story-rs', 'RS256']]) {
    const limit = alg === 'ES256' ? commits : () => ({ rate: openssl('rsa2048').sign / 2, name: 'pairs of RSA-2048 signatures' });
    if (only.test(`code exchange ${alg}`)) {
      const bodies = file(`codes-${alg}`, await codes(clinic, client, (alg === 'ES256' ? 4000 : 1500) * seconds));
      await table.figure(`code exchange ${alg}`, () => wrk(token, { METHOD: 'POST', BODIES: bodies, ONCE: '1', AUTH: basic(client) }), limit);
    }
    if (only.test(`refresh ${alg}`)) {
      const given = await Promise.all((await codes(clinic, client, 256)).map((body) => exchange(clinic, client, body)));
      const bodies = file(`refresh-${alg}`, given.map((t) => `grant_type=refresh_token&refresh_token=${enc(t.refresh_token)}`));
      await table.figure(`refresh ${alg}`, () => wrk(token, { METHOD: 'POST', BODIES: bodies, ONCE: '1', NEXT: '1', TEMPLATE: 'grant_type=refresh_token&refresh_token=@', AUTH: basic(client) }), limit);
    }
  }
}

async function reads(table, clinic, file) {
  for (const [name, path] of [['discovery', '/.well-known/openid-configuration'], ['JWKS', '/oauth2/jwks']]) {
    const size = (await (await fetch(clinic.issuer + path)).text()).length;
    await table.figure(name, () => wrk(clinic.issuer + path), async () => ({ rate: await bareHello(size), name: 'bare libmicrohttpd answers of that size', aim: 0.7 }));
  }
  const [body] = await codes(clinic, 'story', 1);
  const one = await exchange(clinic, 'story', body);
  const ask = file('introspect', [`token=${enc(one.access_token)}`]);
  const verifications = () => ({ rate: openssl('ecdsap256').verify, name: 'P-256 verifications', aim: 0.25 });
  await table.figure('introspection', () => wrk(`${clinic.issuer}/oauth2/introspect`, { METHOD: 'POST', BODIES: ask, AUTH: basic('story') }), verifications);
  await table.figure('userinfo', () => wrk(`${clinic.issuer}/oauth2/userinfo`, { AUTH: `Bearer ${one.access_token}` }), verifications);
}

// From the first page to the session; four browsers for each core.
const signIns = (clinic, options, count, who = people.ada) =>
  wrk(clinic.issuer, { USERNAME: who.username, PASSWORD: who.password, ...(count ? { COUNT: String(count) } : {}) },
    { conns: 4 * cores, script: 'signins.lua', ...options });

async function passwords(table, clinic, file) {
  await table.figure('password sign-in', () => signIns(clinic, { duration: 600 }, logins),
    () => ({ rate: tool('argon', cores, 47104, 1, half), name: 'Argon2id hashes', aim: 0.85 }));
  const what = 'token endpoint while sign-ins run at capacity';
  if (!only.test(what)) return;
  const grant = file('client', ['grant_type=client_credentials&scope=clinic&tenant=northside']);
  const load = () => wrk(`${clinic.issuer}/oauth2/token`, { METHOD: 'POST', BODIES: grant, AUTH: basic('story') }, { conns: 8 });
  const first = await load();
  const busy = signIns(clinic, { duration: seconds + 2 });
  await sleep(1000);
  const loud = await load();
  const during = await busy;
  const quiet = (first.p99 + (await load()).p99) / 2;
  console.error(`${clinic.store} ${what}: p99 ${loud.p99.toFixed(1)} ms, without ${quiet.toFixed(1)} ms`);
  table.rows.push({ what: `${what} (${during.rate.toFixed(0)} a second)`, ...loud, ratio: loud.p99 / quiet, limit: { name: `its p99 without them, ${quiet.toFixed(1)} ms`, aim: 2 }, times: true });
}

// Sign-ins in a row on a server of its own, with the cheapest hash that it allows: what they leave in memory.
async function manySignIns(store) {
  const clinic = await startClinic({ store, env: { LANYARD_LIMITS_SIGN_INS_PER_ADDRESS: '100000000' } });
  const { pid } = clinic.nodes[0].process;
  const before = await calmRss(pid);
  const r = await signIns(clinic, { duration: 7200 }, inARow);
  const after = await calmRss(pid);
  await clinic.stop();
  return { count: r.requests, errors: r.errors, rate: r.rate, before, after };
}

function manySessions(clinic, count) {
  const columns = '(practice_id, hash, sid, account_id, started_at, seen_at, idle_seconds, ends_at, auth_time, acr, amr, account_epoch, practice_epoch)';
  const now = Math.floor(Date.now() / 1000);
  const values = (id) => `'northside', 'h' || ${id}, 's' || ${id}, (SELECT id FROM account WHERE practice_id = 'northside' LIMIT 1), ${now}, ${now}, 1800, ${now + 40000}, ${now}, 'urn:lanyard:acr:1fa', 'pwd', 0, 0`;
  const ran = clinic.store === 'sqlite'
    ? spawnSync('sqlite3', [join(clinic.scratch, 'lanyard.db'), '.timeout 5000', `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${count}) INSERT INTO session ${columns} SELECT ${values('i')} FROM n`], { encoding: 'utf8' })
    : spawnSync('psql', [clinic.address, '-qc', `INSERT INTO session ${columns} SELECT ${values('i')} FROM generate_series(1, ${count}) AS i`, '-v', 'ON_ERROR_STOP=1'], { encoding: 'utf8', env: { ...process.env, PGOPTIONS: '-c lanyard.practice=northside' } });
  if (ran.status !== 0) throw new Error(`sessions: ${ran.stderr}`);
}

// From exec to the first 200, keys already made: the middle one of five.
async function startTime(clinic) {
  await clinic.kill(0, 'SIGTERM');
  const times = [];
  const env = { ...process.env };
  for (const name of Object.keys(env)) if (/^LANYARD_/.test(name)) delete env[name];
  for (let i = 0; i < 5; i++) {
    const at = performance.now();
    const child = spawn(lanyard, ['serve', '--config', clinic.nodes[0].config], { stdio: 'ignore', env });
    for (;;) {
      try { if ((await fetch(`${clinic.issuer}/.well-known/openid-configuration`)).ok) break; } catch { await sleep(1); }
    }
    times.push(performance.now() - at);
    child.kill('SIGTERM');
    await new Promise((gone) => child.once('exit', gone));
  }
  return times.sort((a, b) => a - b)[2];
}

async function measure(store) {
  // The cheapest hash that stories use is replaced by what a clinic runs with.
  const clinic = await startClinic({ store, document: null, env: { LANYARD_PASSWORD_MEMORY_KIB: '47104', LANYARD_PASSWORD_PASSES: '1', LANYARD_LIMITS_SIGN_INS_PER_ADDRESS: '100000000' } });
  const pid = clinic.nodes[0].process.pid;
  const memory = { idle: rss(pid) };
  clinic.must('apply', '-f', join(root, 'docs/examples/demo.yaml'));
  const app = appDocument().apps[0];
  const second = { ...app, client_id: 'story-rs', id_token_signed_response_alg: 'RS256', access_token_alg: 'RS256' };
  const applied = clinic.apply({ apps: [app, second] });
  if (applied.code !== 0) throw new Error(applied.err + applied.out);
  const file = (name, lines) => { const path = join(clinic.scratch, name); writeFileSync(path, lines.join('\n') + '\n'); return path; };
  const table = new Table(clinic);
  await reads(table, clinic, file);
  await tokens(table, clinic, file);
  await passwords(table, clinic, file);
  if (only.test('provider')) table.rows.push(await providersDown({ clinic, seconds, signIns, cores }));
  manySessions(clinic, 100000);
  await new Agent().signIn(`${clinic.issuer}/login`, people.ada);
  memory.later = await calmRss(pid);
  memory.threads = readdirSync(`/proc/${pid}/task`).length;
  const start = await startTime(clinic);
  await clinic.stop();
  if (inARow) memory.row = await manySignIns(store);
  const apps = await measureSaml(store, table);
  return { rows: table.rows, memory, start, apps };
}

// SAML apps on a server of their own: a thousand of them must not weigh on what else is measured.
async function measureSaml(store, table) {
  if (!only.test('SAML sign-on')) return undefined;
  const clinic = await startClinic({ store });
  const { pid } = clinic.nodes[0].process;
  Object.assign(table, { clinic, pid });
  const file = (name, lines) => { const path = join(clinic.scratch, name); writeFileSync(path, lines.join('\n') + '\n'); return path; };
  const idle = rss(pid);
  const said = await saml({ table, clinic, file, wrk, openssl, rss: () => rss(pid), cores, seconds });
  const start = await startTime(clinic);
  await clinic.stop();
  return { ...said, idle, start };
}

function print(store, { rows, memory, start, apps }) {
  const share = (r) => r.ratio === undefined ? '' : r.times ? `${r.ratio.toFixed(2)} times` : `${(r.ratio * 100).toFixed(0)} %`;
  const aim = (r) => r.limit?.aim === undefined ? '' : r.times ? `at most ${r.limit.aim} times` : `${(r.limit.aim * 100).toFixed(0)} %`;
  const limit = (r) => r.limit ? (r.limit.rate ? `${r.limit.rate.toFixed(r.limit.rate < 100 ? 1 : 0)} ${r.limit.name}` : r.limit.name) : '';
  console.log(`### ${store === 'sqlite' ? 'SQLite' : 'PostgreSQL'}\n`);
  console.log('| figure | share of its limit | aim | its limit, per second | per second | p50 ms | p99 ms | server CPU us | errors |');
  console.log('|---|---|---|---|---|---|---|---|---|');
  for (const r of rows)
    console.log(`| ${r.what} | ${share(r)} | ${aim(r)} | ${limit(r)} | ${r.rate.toFixed(r.rate < 100 ? 1 : 0)} | ${r.p50.toFixed(2)} | ${r.p99.toFixed(2)} | ${r.cost ? r.cost.toFixed(0) : ''} | ${r.errors} |`);
  console.log(`\nResident memory: ${memory.idle.toFixed(0)} MB idle, ${memory.later.toFixed(0)} MB after all of this with 100,000 sessions in the store ` +
    `(${memory.threads} threads; without the hashes in flight, 46 MB each). Start to the first 200: ${start.toFixed(0)} ms.\n`);
  const { row } = memory;
  if (row)
    console.log(`${row.count} password sign-ins in a row (${row.rate.toFixed(0)} a second with the cheapest hash, ${row.errors} errors): ` +
      `${row.before.toFixed(0)} MB before, ${row.after.toFixed(0)} MB after.\n`);
  if (apps)
    console.log(`1,000 SAML apps: registered in ${apps.applied.toFixed(1)} s, start with them ${apps.start.toFixed(0)} ms. Resident memory ` +
      `${apps.idle.toFixed(0)} MB after one sign-in, then ${apps.memory.map((m) => m.toFixed(0)).join(', ')} MB` +
      `${apps.memory.length > 1 ? ` with ${apps.signOns} sign-ons between each` : ''}.\n`);
}

console.log(`Machine: ${cores} cores, shared by server, load and store.\n`);
for (const store of (process.env.STORIES_STORES ?? 'sqlite,postgresql').split(',')) print(store, await measure(store));
