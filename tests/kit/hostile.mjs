// hostile.mjs: what stories of hostile input share: apps, codes and tokens of all kinds, requests that no client library
// would send, and the rows behind a clinic.
import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { execFileSync } from 'node:child_process';
import net from 'node:net';
import { Agent } from './agent.mjs';
import { appDocument, catchUp, people } from './clinic.mjs';

export const redirect = 'http://localhost:9999/cb';
export const bye = 'http://localhost:9999/bye';
export const short = Boolean(process.env.STORIES_SHORT);

export const henry = { username: 'henry@riverside.example', password: people.ada.password };
export const sam = { username: 'sam@locum.example', password: people.ada.password };

// ---- apps -------------------------------------------------------------------------------------------------------

export const secretOf = (id) => `${id}-secret-`.padEnd(40, '7');

export function app(client_id, overrides = {}) {
  const entry = { ...appDocument().apps[0], client_id, name: client_id, client_secret: secretOf(client_id), post_logout_redirect_uris: [bye], ...overrides };
  for (const [name, value] of Object.entries(entry)) if (value === undefined) delete entry[name];
  return entry;
}

export function register(clinic, ...apps) {
  const applied = clinic.apply({ apps });
  assert.equal(applied.code, 0, applied.err + applied.out);
}

export const basic = (id, secret = secretOf(id)) => ({
  authorization: `Basic ${Buffer.from(`${encodeURIComponent(id)}:${encodeURIComponent(secret)}`).toString('base64')}`,
});

// ---- requests ---------------------------------------------------------------------------------------------------

// form: an object, pairs (names may repeat), or a body as it is.
export const encode = (form) => (typeof form === 'string' ? form : new URLSearchParams(form).toString());

export async function ask(url, { method = 'GET', form, headers = {} } = {}) {
  const sent = { ...headers };
  if (form !== undefined) sent['content-type'] = 'application/x-www-form-urlencoded';
  await catchUp();
  const answer = await fetch(url, { method, headers: sent, body: form === undefined ? undefined : encode(form), redirect: 'manual' });
  const text = await answer.text();
  let json;
  try { json = JSON.parse(text); } catch { json = undefined; }
  return { status: answer.status, headers: answer.headers, text, json, location: answer.headers.get('location') };
}

export const post = (clinic, path, form, headers = {}) => ask(new URL(path, clinic.bases[0]), { method: 'POST', form, headers });
export const get = (clinic, path, headers = {}) => ask(new URL(path, clinic.bases[0]), { headers });
export const bearer = (token) => ({ authorization: `Bearer ${token}` });

// Exactly these bytes on a socket; the answer as it came, until the server closes.
export function raw(port, bytes, ms = 4000) {
  return new Promise((done, fail) => {
    let text = '';
    const socket = net.connect(port, '127.0.0.1', () => socket.write(bytes));
    const finish = () => { socket.destroy(); done({ text, status: Number(/^HTTP\/1\.[01] (\d{3})/.exec(text)?.[1] ?? 0) }); };
    socket.setTimeout(ms, finish);
    socket.setEncoding('latin1');
    socket.on('data', (data) => { text += data; });
    socket.on('end', finish);
    socket.on('error', (error) => (text ? finish() : fail(error)));
  });
}

// ---- authorization ----------------------------------------------------------------------------------------------

export const challengeOf = (verifier) => createHash('sha256').update(verifier).digest('base64url');

// A sound request; a parameter set to null is left out.
export function request(overrides = {}) {
  const verifier = randomBytes(32).toString('base64url');
  const parameters = {
    response_type: 'code', client_id: 'story', redirect_uri: redirect, scope: 'openid clinic roles offline_access', state: 'st', nonce: 'n',
    code_challenge: challengeOf(verifier), code_challenge_method: 'S256', ...overrides,
  };
  for (const [name, value] of Object.entries(parameters)) if (value === null || value === undefined) delete parameters[name];
  return { parameters, verifier };
}

export const authorizeUrl = (clinic, parameters) => `${clinic.issuer}/oauth2/authorize?${encode(parameters)}`;

// Signs in (or answers from the agent's session); what came back, and the form that redeems it.
export async function authorize(clinic, agent, overrides = {}, who = people.ada) {
  const { parameters, verifier } = request(overrides);
  const page = await agent.signIn(authorizeUrl(clinic, parameters), who);
  const answer = page.location ? Object.fromEntries(new URL(page.location).searchParams) : {};
  return { page, answer, verifier, form: { grant_type: 'authorization_code', code: answer.code, redirect_uri: parameters.redirect_uri, code_verifier: verifier } };
}

export async function tokens(clinic, agent, overrides = {}, who = people.ada) {
  const { form, page } = await authorize(clinic, agent, overrides, who);
  assert.ok(form.code, page.location ?? page.text);
  const id = overrides.client_id ?? 'story';
  const answer = await post(clinic, '/oauth2/token', form, basic(id));
  assert.equal(answer.status, 200, answer.text);
  return { ...answer.json, code: form.code };
}

export const introspect = async (clinic, token, id = 'story') => (await post(clinic, '/oauth2/introspect', { token }, basic(id))).json;
export const userinfo = (clinic, token) => get(clinic, '/oauth2/userinfo', bearer(token));

export const decode = (part) => JSON.parse(Buffer.from(part, 'base64url'));
export const claimsOf = (token) => decode(token.split('.')[1]);

export const cookieOf = (agent, clinic, name) => agent.jar(clinic.issuer).get(name);

export async function signedIn(clinic, who = people.ada, overrides = {}) {
  const agent = new Agent();
  const { answer, page } = await authorize(clinic, agent, overrides, who);
  assert.ok(answer.code, page.location ?? page.text);
  return agent;
}

// ---- rows -------------------------------------------------------------------------------------------------------

// As the database's owner sees them: no wall in between.
export function rows(clinic, sql) {
  if (clinic.store === 'sqlite') {
    const text = execFileSync('sqlite3', ['-json', '-readonly', clinic.address.replace('sqlite:', ''), sql], { encoding: 'utf8', maxBuffer: 1 << 28 });
    return text.trim() ? JSON.parse(text) : [];
  }
  const address = clinic.address.replace('postgresql://clinic@', 'postgresql://lanyard@');
  const text = execFileSync('psql', [address, '-qAtc', `SELECT coalesce(json_agg(t), '[]') FROM (${sql}) t`], { encoding: 'utf8', maxBuffer: 1 << 28 });
  return JSON.parse(text);
}

// What no command does: time passing, for one.
export function change(clinic, sql) {
  if (clinic.store === 'sqlite') execFileSync('sqlite3', ['-cmd', '.timeout 5000', clinic.address.replace('sqlite:', ''), sql]);
  else execFileSync('psql', [clinic.address.replace('postgresql://clinic@', 'postgresql://lanyard@'), '-qc', sql]);
}

export const events = (clinic) => rows(clinic, 'SELECT practice_id, id, at_us, type, outcome, actor, target, body FROM event ORDER BY at_us, id')
  .map((row) => ({ ...row, body: JSON.parse(row.body) }));
