// pages.mjs: what stories about pages share: an app that takes every answer, and what a browser has to complain about.
import { createServer } from 'node:http';
import { once } from 'node:events';
import { spawnSync } from 'node:child_process';
import { challengeOf, encode } from './hostile.mjs';

export const verifier = 'a-verifier-that-every-page-story-uses-0123456789';

// A server that is any number of apps: /cb/NAME, /bye/NAME, /frame/NAME. It keeps what it was asked.
export async function startReceiver() {
  const asked = [];
  const server = createServer((request, answer) => {
    const url = new URL(request.url, 'http://localhost');
    let body = '';
    request.on('data', (data) => { body += data; });
    request.on('end', () => {
      asked.push({ method: request.method, path: url.pathname, query: Object.fromEntries(url.searchParams), form: Object.fromEntries(new URLSearchParams(body)) });
      answer.writeHead(200, { 'content-type': 'text/html; charset=utf-8' });
      answer.end('<!doctype html><title>App</title><link rel="icon" href="data:,"><h1 id="app">App</h1>');
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const base = `http://localhost:${server.address().port}`;
  return { base, asked, stop: () => { server.closeAllConnections(); server.close(); } };
}

export function pageApp(receiver, name, overrides = {}) {
  return {
    client_id: name, name: `App ${name}`, type: 'oidc', practices: ['northside', 'riverside'], redirect_uris: [`${receiver.base}/cb/${name}`],
    post_logout_redirect_uris: [`${receiver.base}/bye/${name}`], token_endpoint_auth_method: 'client_secret_basic',
    client_secret: `${name}-secret-`.padEnd(40, '7'), grant_types: ['authorization_code'], scopes: ['openid', 'profile', 'email', 'clinic', 'roles'],
    response_modes: ['query', 'form_post'], first_party: true, require_pkce: true, ...overrides,
  };
}

export const openApp = (clinic, receiver, name, more = {}) => `${clinic.issuer}/oauth2/authorize?${encode({
  response_type: 'code', client_id: name, redirect_uri: `${receiver.base}/cb/${name}`, scope: 'openid profile email clinic roles', state: `state-${name}`, nonce: 'n',
  code_challenge: challengeOf(verifier), code_challenge_method: 'S256', ...more,
})}`;

// A document that is an error has a status the console repeats; everything else it says is a complaint.
const repeated = /^Failed to load resource: the server responded with a status of (400|403|404|429|503)/;

// Collects what goes wrong in any page of a context: dialogs, script errors, and what the policy refused.
export async function watch(context) {
  const complaints = [];
  await context.exposeFunction('complain', (text) => { complaints.push(text); });
  await context.addInitScript(() => {
    globalThis.addEventListener('securitypolicyviolation', (event) => globalThis.complain(`policy: ${event.violatedDirective} ${event.blockedURI} ${event.sample}`));
  });
  context.on('console', (message) => { if (message.type() === 'error' && !repeated.test(message.text())) complaints.push(`console: ${message.text()}`); });
  context.on('weberror', (error) => complaints.push(`script: ${error.error()}`));
  context.on('dialog', (dialog) => { complaints.push(`dialog: ${dialog.message()}`); dialog.dismiss().catch(() => {}); });
  return complaints;
}

export async function signIn(page, { username, password }) {
  await page.fill('#username', username);
  await page.fill('#password', password);
  await page.click('#login-submit');
}

// A row of the store set to another time, as if it had been so for long.
export function write(clinic, sql) {
  const ran = clinic.store === 'sqlite'
    ? spawnSync('sqlite3', ['-cmd', '.timeout 5000', clinic.address.replace('sqlite:', ''), sql], { encoding: 'utf8' })
    : spawnSync('psql', [clinic.address.replace('postgresql://clinic@', 'postgresql://lanyard@'), '-qc', sql], { encoding: 'utf8' });
  if (ran.status !== 0) throw new Error(ran.stderr);
}
