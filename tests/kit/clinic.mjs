// clinic.mjs: a Lanyard on free ports in a scratch folder, with a clinic in it; one or two nodes, either store.
import { spawn, spawnSync, execFileSync } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { closeSync, mkdirSync, mkdtempSync, openSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { basename, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = resolve(fileURLToPath(import.meta.url), '../../..');
export const build = resolve(root, process.env.LANYARD_BUILD ?? 'build');
export const lanyard = join(build, 'lanyard');

// The engines every store-touching story runs on. PostgreSQL may not be left out silently.
const engines = (process.env.STORIES_STORES ?? 'sqlite,postgresql').split(',');
// STORIES_TURN=0|1: by turns in the order of the files, the engine of one build being the other one's in the other build.
const ofTurn = () => engines[(readdirSync(new URL('../stories/', import.meta.url)).sort().indexOf(basename(process.argv[1])) + Number(process.env.STORIES_TURN)) % engines.length];
export const stores = process.env.STORIES_TURN ? [ofTurn()] : engines;

// Ports that some story has been given; the names of these files are the ports.
const claims = join(tmpdir(), 'lanyard-ports');
const claimed = [];
process.once('exit', () => claimed.forEach((file) => rmSync(file, { force: true })));
function claim(port) {
  const file = join(claims, String(port));
  mkdirSync(claims, { recursive: true });
  try { closeSync(openSync(file, 'wx')); } catch {
    // Left behind by a story that was killed: an hour is longer than any takes.
    if (Date.now() - (statSync(file, { throwIfNoEntry: false })?.mtimeMs ?? Date.now()) > 3600e3) rmSync(file, { force: true });
    return false;
  }
  claimed.push(file);
  return true;
}

// A port that is free now and given to nobody else, below those that the kernel gives to outgoing connections: of such
// a one another story's connection could have taken it before the server listens there.
export async function freePort() {
  for (;;) {
    const port = randomInt(10100, 32000); // 10080 is one that browsers and fetch never ask
    if (!claim(port)) continue;
    const free = await new Promise((done) => {
      const server = createServer();
      server.once('error', () => done(false));
      server.listen(port, '127.0.0.1', () => server.close(() => done(true)));
    });
    if (free) return port;
  }
}

export const sleep = (ms) => new Promise((done) => setTimeout(done, ms));

// After a command that blocked this process: lets it hear which connections the server has closed meanwhile.
const turn = () => new Promise((done) => setImmediate(done));
export const catchUp = async () => { await turn(); await turn(); };

export async function until(what, check, ms = 15000) {
  const end = Date.now() + ms;
  let last;
  while (Date.now() < end) {
    try {
      const value = await check();
      if (value) return value;
    } catch (error) {
      last = error;
    }
    await sleep(25);
  }
  throw new Error(`waited ${ms} ms for ${what}${last ? `: ${last.message} ${last.cause ?? ''}` : ''}`);
}

// Ends a program that a story started, if it has not ended already.
export async function stopProgram(child) {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = new Promise((done) => child.once('exit', done));
  child.kill('SIGTERM');
  await ended;
}

let databases = 0;

// A database of its own on the test run's private PostgreSQL (tests/kit/postgres.sh).
function newDatabase() {
  const base = process.env.LANYARD_TEST_POSTGRESQL;
  if (!base) throw new Error('LANYARD_TEST_POSTGRESQL is not set: run through tests/kit/test.sh');
  const name = `t${process.pid}_${++databases}_${Date.now() % 100000}`;
  const psql = spawnSync('psql', [base, '-qc', `CREATE DATABASE ${name}`], { encoding: 'utf8' });
  if (psql.status !== 0) throw new Error(`could not create a database: ${psql.stderr}`);
  return base.replace(/^(postgresql:\/\/[^/]*\/)[^?]*/, `$1${name}`);
}

// env: more settings as LANYARD_*; document: what apply reads (default: the demo clinic); nodes share store and key.
export async function startClinic({ store = 'sqlite', nodes = 1, env = {}, document, issuer } = {}) {
  const scratch = mkdtempSync(join(tmpdir(), 'lanyard-test-'));
  const address = store === 'postgresql' ? newDatabase() : `sqlite:${join(scratch, 'lanyard.db')}`;
  if (store === 'sqlite' && nodes !== 1) throw new Error('SQLite serves one process');
  const ports = [];
  for (let n = 0; n < nodes; n++) ports.push(await freePort());
  // Nodes behind a load balancer share one issuer; here it is the first node's address.
  const clinic = {
    scratch, store, address, nodes: [],
    issuer: issuer ?? `http://localhost:${ports[0]}`,
    bases: ports.map((port) => `http://localhost:${port}`),
  };
  for (let n = 0; n < nodes; n++) {
    const admin = await freePort();
    const config = join(scratch, `node${n}.yaml`);
    writeFileSync(config, [
      `issuer: ${clinic.issuer}`,
      `listen: ["127.0.0.1:${ports[n]}"]`,
      `admin_listen: "127.0.0.1:${admin}"`,
      `admin_socket: ${join(scratch, `admin${n}.sock`)}`,
      `store: "${address}"`,
      `master_key_file: ${join(scratch, 'master.key')}`,
      '',
    ].join('\n'));
    clinic.nodes.push({ config, port: ports[n], admin: `http://127.0.0.1:${admin}`, log: join(scratch, `node${n}.log`) });
  }
  const environment = {
    ...process.env,
    LANYARD_OUTBOUND_ALLOW_PRIVATE_TARGETS: 'true',
    // The cheapest hash the server allows: stories test what is around it.
    LANYARD_PASSWORD_MEMORY_KIB: '19456', LANYARD_PASSWORD_PASSES: '2',
    LANYARD_LIMITS_CONNECTIONS_PER_ADDRESS: '2000', LANYARD_LIMITS_QUEUE: '4000',
    ...env,
  };
  for (const name of Object.keys(environment)) if (/^LANYARD_(TEST|BUILD)/.test(name)) delete environment[name];

  clinic.startNode = async (n) => {
    const node = clinic.nodes[n];
    node.asked = false;
    // Straight into the file: while a command blocks this process nobody would read a pipe, and a server with much to
    // say (a sanitizer's report) would wait for whoever waits for it.
    const out = openSync(node.log, 'a');
    node.process = spawn(lanyard, ['serve', '--config', node.config], { env: environment, stdio: ['ignore', out, out] });
    closeSync(out);
    node.exited = new Promise((done) => node.process.once('exit', (code, signal) => done({ code, signal })));
    let gone = null;
    node.exited.then((how) => { gone = how; });
    await until(`node ${n} to be ready`, async () => {
      if (gone) throw new Error(`lanyard ended: ${JSON.stringify(gone)}\n${readFileSync(node.log, 'utf8')}`);
      return (await fetch(`${node.admin}/readyz`)).ok;
    });
  };
  clinic.kill = async (n, signal = 'SIGKILL') => {
    clinic.nodes[n].asked = true;
    clinic.nodes[n].process.kill(signal);
    return clinic.nodes[n].exited;
  };
  // A command on the running server (or the store); returns { code, json, out, err }.
  clinic.command = (...args) => {
    const input = typeof args.at(-1) === 'object' ? args.pop().input : undefined;
    const ran = spawnSync(lanyard, [...args, '-o', 'json', '--config', clinic.nodes[0].config], { env: environment, encoding: 'utf8', input });
    let json;
    try { json = JSON.parse(ran.stdout); } catch { json = undefined; }
    return { code: ran.status, json, out: ran.stdout, err: ran.stderr };
  };
  clinic.must = (...args) => {
    const ran = clinic.command(...args);
    if (ran.code !== 0) throw new Error(`lanyard ${args.filter((a) => typeof a === 'string').join(' ')}: exit ${ran.code}\n${ran.err}${ran.out}`);
    return ran;
  };
  clinic.apply = (value, ...flags) => {
    const file = join(scratch, `apply-${Date.now()}-${Math.random()}.yaml`);
    writeFileSync(file, typeof value === 'string' ? value : JSON.stringify(value));
    return clinic.command('apply', '-f', file, ...flags);
  };
  clinic.log = () => clinic.nodes.map((node) => readFileSync(node.log, 'utf8')).join('');
  clinic.stop = async () => {
    for (const node of clinic.nodes) {
      if (!node.process) continue;
      if (node.process.exitCode !== null || node.process.signalCode !== null) {
        if (!node.asked) throw new Error(`lanyard ended by itself: ${JSON.stringify(await node.exited)}\n${clinic.log().slice(-4000)}`);
        continue;
      }
      node.process.kill('SIGTERM');
      // A timer that nobody waits for must not keep the story from ending.
      const how = await Promise.race([node.exited, new Promise((done) => setTimeout(done, 15000, null).unref())]);
      if (!how) { node.process.kill('SIGKILL'); throw new Error('lanyard did not stop within 15 s'); }
      if (how.code !== 0) throw new Error(`lanyard stopped with ${JSON.stringify(how)}\n${clinic.log().slice(-4000)}`);
    }
    rmSync(scratch, { recursive: true, force: true });
  };

  try {
    for (let n = 0; n < nodes; n++) await clinic.startNode(n);
  } catch (failed) {
    // What runs still would keep the story from ending.
    for (const node of clinic.nodes) node.process?.kill('SIGKILL');
    throw failed;
  }
  const applied = document === null ? null : document === undefined
    ? clinic.command('apply', '-f', join(root, 'docs/examples/demo.yaml'))
    : clinic.apply(document);
  if (applied && applied.code !== 0) throw new Error(`apply failed (${applied.code}): ${applied.err}${applied.out}`);
  return clinic;
}

// The clinic most stories want: demo practices and an app at the given redirect address.
export function appDocument(overrides = {}) {
  return {
    apps: [{
      client_id: 'story', name: 'Story App', type: 'oidc', practices: ['northside', 'riverside'],
      redirect_uris: ['http://localhost:9999/cb'], client_secret: 'story-secret-story-secret-story-secret',
      token_endpoint_auth_method: 'client_secret_basic', grant_types: ['authorization_code', 'refresh_token', 'client_credentials'],
      scopes: ['openid', 'profile', 'email', 'phone', 'address', 'clinic', 'roles', 'groups', 'offline_access'],
      first_party: true, require_pkce: true, ...overrides,
    }],
  };
}

export const people = {
  ada: { username: 'ada@northside.example', password: 'lantern-harbor-violet-58' },
};

export function run(program, args, options = {}) {
  return execFileSync(program, args, { encoding: 'utf8', ...options });
}
