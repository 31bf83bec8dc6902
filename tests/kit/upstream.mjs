// upstream.mjs: a browser's way from an app through another identity provider and back, and what stories of it share:
// connections as a document declares them, events, links, commands that do not stop this process.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { Agent, errorCode, formOf } from './agent.mjs';
import { lanyard, until } from './clinic.mjs';
import { authorizeUrl, basic, claimsOf, events, post, redirect, request, rows } from './hostile.mjs';

export const upstreamForm = /<form[^>]*id="login-form"[^>]*>/;
const unescape = (text) => text.replace(/&amp;/g, '&').replace(/&#39;/g, "'").replace(/&quot;/g, '"');
const refreshOf = (page) => {
  const header = /^\d+;\s*url=(.*)$/.exec(page.headers.get('refresh') ?? '')?.[1];
  const said = header ?? /<meta http-equiv="refresh" content="\d+;\s*url=([^"]*)"/.exec(page.text)?.[1];
  return said && new URL(unescape(said), page.url).href;
};
// Buttons of the sign-in page: { connection id: address }.
export const buttonsOf = (page) => Object.fromEntries([...page.text.matchAll(/<a\b[^>]*class="[^"]*idp-button[^"]*"[^>]*>/g)]
  .map(([tag]) => [/data-connection="([^"]*)"/.exec(tag)?.[1], new URL(unescape(/href="([^"]*)"/.exec(tag)[1]), page.url).href]));
const isIdentifier = (page) => upstreamForm.test(page.text) && !/id="password"/.test(page.text);

// What this browser does next by itself, or the person in it; null: the page stands. by: { connection, username, password }.
async function step(agent, page, by) {
  const onward = page.location ?? refreshOf(page);
  if (onward) return agent.send(onward);
  if (/id="op.logoutForm"/.test(page.text)) {
    const form = formOf(page.text);
    return agent.send(new URL(form.action, page.url).href, { method: 'POST', form: form.fields });
  }
  const button = by.connection && buttonsOf(page)[by.connection];
  if (button && !by.took) { by.took = true; return agent.send(button); }
  if (isIdentifier(page) && by.username && !by.named) { by.named = true; return agent.submit(page, { username: by.username }, upstreamForm); }
  if (upstreamForm.test(page.text) && by.password && !by.tried) { by.tried = true; return agent.submit(page, { username: by.username, password: by.password }, upstreamForm); }
  return null;
}

// From an address, or a page, on, over any origin; stops at a page that stands, or in front of an address that `before`
// says true of (page.location is that address).
export async function travel(agent, start, { before = () => false, trail = [], ...by } = {}) {
  let page = typeof start === 'string' ? await agent.send(start) : start;
  for (let hops = 0; hops < 40; hops++) {
    trail.push(page.url);
    const onward = page.location ?? refreshOf(page);
    if (onward && (onward.startsWith(redirect) || before(onward))) return { ...page, location: onward };
    const next = await step(agent, page, by);
    if (!next) return page;
    page = next;
  }
  throw new Error(`no end: ${trail.join('\n')}`);
}

// Without offline_access: what is given ends with the session.
const asking = (app) => request({ scope: 'openid profile email clinic roles', ...app });
const isReturn = (clinic) => (url) => url.startsWith(`${clinic.issuer}/federation/`) && url.includes('/callback');
// To the provider's answer, which is not sent: { agent, verifier, url: the callback }.
export async function toCallback(clinic, { agent = new Agent(), app = {}, ...by }) {
  const { parameters, verifier } = asking(app);
  const page = await travel(agent, authorizeUrl(clinic, parameters), { before: isReturn(clinic), ...by });
  assert.ok(page.location, `no answer of the provider: ${shown(page)}`);
  return { agent, verifier, parameters, url: page.location };
}

// A whole sign-in: page (its location is the app's redirect when it went well), answer: what the app is told.
export async function throughUpstream(clinic, { agent = new Agent(), app = {}, ...by }) {
  const { parameters, verifier } = asking(app);
  const page = await travel(agent, authorizeUrl(clinic, parameters), by);
  return arrived(page, parameters, verifier, agent);
}
export function arrived(page, parameters, verifier, agent) {
  const answer = page.location ? Object.fromEntries(new URL(page.location).searchParams) : {};
  return { agent, page, answer, error: errorCode(page.text), form: { grant_type: 'authorization_code', code: answer.code, redirect_uri: parameters.redirect_uri, code_verifier: verifier } };
}
export async function finish(clinic, way, url = way.url) {
  return arrived(await travel(way.agent, url), way.parameters, way.verifier, way.agent);
}

export async function redeem(clinic, { form, page }, id = 'story') {
  assert.ok(form.code, `no code: ${shown(page)}`);
  const answer = await post(clinic, '/oauth2/token', form, basic(id));
  assert.equal(answer.status, 200, answer.text);
  return { ...answer.json, id: claimsOf(answer.json.id_token), access: claimsOf(answer.json.access_token) };
}
// The tokens of a sign-in that has to go well.
export const signInBy = async (clinic, by) => {
  const way = await throughUpstream(clinic, by);
  return { ...await redeem(clinic, way, by.app?.client_id), agent: way.agent };
};
// What a page says, for the message of an assertion.
export const shown = (page) => `${page.status} ${page.location ?? page.url} ${errorCode(page.text) ?? ''} ${/<main[^>]*>([\s\S]*?)<\/main>/.exec(page.text)?.[1].replace(/<[^>]*>/g, ' ').replace(/\s+/g, ' ') ?? page.text.slice(0, 300)}`;
// A page without what changes from one showing to the next, and without the address that was typed.
export const masked = (page, address) => page.text.replaceAll(address, 'ADDRESS').replaceAll(encodeURIComponent(address), 'ADDRESS').replace(/(flow=|name="flow" value="|name="csrf" value=")[^"&]*/g, '$1X').replace(/[0-9A-Z]{4}-[0-9A-Z]{4}-[0-9A-Z]{4}/g, 'REFERENCE');
export const wordOf = (way) => way.error ?? way.answer.error;

// ---- declared ---------------------------------------------------------------------------------------------------

// Doctors provide on Main Street, Reception has the front desk on the West Side.
export const mapping = [
  { when: { claim: 'groups', contains: 'Doctors' }, grant: { class: 'staff', role: 'provider', locations: ['main'] } },
  { when: { claim: 'groups', contains: 'Reception' }, grant: { class: 'staff', role: 'front-desk', locations: ['west'] } },
];
export const connection = (id, overrides = {}) => {
  const entry = { id, name: `Sign-in ${id}`, protocol: 'oidc', client_id: id, mapping, ...overrides };
  for (const [name, value] of Object.entries(entry)) if (value === undefined) delete entry[name];
  return entry;
};
export function declare(clinic, connections, practice = 'northside', more = {}) {
  const applied = clinic.apply({ practices: [{ id: practice, ...more, connections }] });
  assert.equal(applied.code, 0, applied.err + applied.out);
}
// Of a liar's provider.
export const liarConnection = (op, overrides = {}) => connection(op.name, { issuer: op.issuer, client_id: op.client, client_secret: op.secret, ...overrides });

// ---- what became of it ------------------------------------------------------------------------------------------

// This process's own settings are not the server's.
const plain = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('LANYARD_')));

// A command while this process goes on answering as a provider.
export function command(clinic, ...args) {
  const input = typeof args.at(-1) === 'object' ? args.pop().input : undefined;
  return new Promise((done) => {
    const child = spawn(lanyard, [...args, '-o', 'json', '--config', clinic.nodes[0].config], { env: { ...plain, LANYARD_OUTBOUND_ALLOW_PRIVATE_TARGETS: 'true' }, stdio: ['pipe', 'pipe', 'pipe'] });
    let out = '';
    let err = '';
    child.stdout.on('data', (data) => { out += data; });
    child.stderr.on('data', (data) => { err += data; });
    child.stdin.end(input);
    child.on('close', (code) => {
      let json;
      try { json = JSON.parse(out); } catch { json = undefined; }
      done({ code, out, err, json });
    });
  });
}

export const refusals = (clinic) => events(clinic).filter((event) => event.type === 'upstream.deny');
export const lastRefusal = (clinic) => refusals(clinic).at(-1)?.body;
export const count = (clinic, type) => events(clinic).filter((event) => event.type === type).length;
export const accounts = (clinic, practice = 'northside') => rows(clinic, `SELECT id, email, given_name, family_name, class, disabled FROM account WHERE practice_id = '${practice}' ORDER BY id`);
export const links = (clinic) => rows(clinic, 'SELECT practice_id, connection_id, issuer, subject, account_id, held FROM upstream_link ORDER BY created_at');
export const sessionsOf = (clinic) => rows(clinic, 'SELECT * FROM session ORDER BY started_at');
// By introspection: what everybody who asks is told.
export const isActive = async (clinic, token, id = 'story') => (await post(clinic, '/oauth2/introspect', { token }, basic(id))).json.active;
export const untilInactive = (clinic, token, id) => until('the session to end', async () => !(await isActive(clinic, token, id)), 5000);
export const rolesAt = (claims) => Object.fromEntries(claims.clinic.locations.map((place) => [place.id, place.roles]));
