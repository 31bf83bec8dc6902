// saml.mjs: what stories with SAML service providers share: keys, a browser's way through forms, frames, app documents.
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Agent, errorCode, formOf } from './agent.mjs';
import { people } from './clinic.mjs';

export const practiceOf = 'urn:lanyard:attr:practice_id';
export const rolesOf = 'urn:lanyard:attr:roles';
export const rolesAtOf = 'urn:lanyard:attr:roles_at';

// A key of a service provider's own and its certificate, as files.
export function keyPair(folder, name = 'sp') {
  const key = join(folder, `${name}.key`);
  const certificate = join(folder, `${name}.crt`);
  execFileSync('openssl', ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '30', '-subj', `/CN=${name}`, '-keyout', key, '-out', certificate], { stdio: 'ignore' });
  execFileSync('chmod', ['644', key]);
  return { key, certificate, pem: () => readFileSync(certificate, 'utf8') };
}

export async function metadataOf(clinic) {
  const answer = await fetch(`${clinic.issuer}/saml/metadata`);
  if (!answer.ok) throw new Error(`/saml/metadata: ${answer.status} ${await answer.text()}`);
  return answer.text();
}

export function samlDocument(entity_id, metadata, overrides = {}) {
  return { apps: [{ entity_id, name: 'Story SP', type: 'saml', practices: ['northside'], metadata, attributes: [{ preset: 'clinic' }], ...overrides }] };
}

const message = /<input[^>]*name="(SAMLResponse|SAMLRequest)"/;

// What a browser does next by itself: a redirect, or a form that a script sends at once. null: the page stands.
async function step(agent, page) {
  if (page.location) return agent.send(page.location);
  const refresh = /^\d+;url=(.*)$/.exec(page.headers.get('refresh') ?? '');
  if (refresh) return agent.send(new URL(refresh[1], page.url).href);
  if (!message.test(page.text)) return null;
  const form = formOf(page.text);
  return agent.send(new URL(form.action, page.url).href, { method: 'POST', form: form.fields });
}

// Frames of a page, as a browser loads them; what stands in each at last.
export async function loadFrames(agent, page) {
  const loaded = [];
  for (const [, source] of page.text.matchAll(/<iframe[^>]*\ssrc="([^"]*)"/g)) {
    let frame = await agent.send(new URL(source.replace(/&amp;/g, '&'), page.url).href);
    for (let next = frame; next; next = await step(agent, frame)) frame = next;
    loaded.push(frame);
  }
  return loaded;
}

// A person in a browser from an address to the page that stays, signing in where asked. trail: every address on the way
// and 'password' where it was asked for; queries: the addresses with what was asked; options go with the first request.
export async function visit(agent, url, { who = people.ada, trail = [], queries = [], ...options } = {}) {
  let page = await agent.send(url, options);
  for (let hops = 0; hops < 30; hops++) {
    trail.push(page.url.split('?')[0]);
    queries.push(page.url);
    await loadFrames(agent, page);
    const next = await step(agent, page);
    if (next) page = next;
    else if (/id="login-form"/.test(page.text)) {
      trail.push('password');
      page = await agent.submit(page, { username: who.username, password: who.password }, /<form[^>]*id="login-form"[^>]*>/);
      if (errorCode(page.text)) return page;
    } else return page;
  }
  throw new Error(`no end from ${url}: ${trail.join(' ')}`);
}

// Signs out at Lanyard itself and loads the frames that tell apps.
export async function signOutHere(agent, clinic) {
  let page = await agent.follow(`${clinic.issuer}/logout`);
  if (/id="logout-confirm"/.test(page.text)) page = await agent.submit(page, {});
  return { page, frames: await loadFrames(agent, page) };
}

const soap = 'http://schemas.xmlsoap.org/soap/envelope/';
const paos = { accept: 'text/html, application/vnd.paos+xml', paos: 'ver="urn:liberty:paos:2003-08";"urn:oasis:names:tc:SAML:2.0:profiles:SSO:ecp"' };

// The client of SAML Profiles 4.2: takes the request from the app, has it answered with a password, and hands the
// answer on when the two agree where to.
export async function enhancedClient(clinic, address, who) {
  const agent = new Agent();
  const asked = await agent.send(address, { headers: paos });
  if (!/vnd\.paos\+xml/.test(asked.headers.get('content-type'))) throw new Error(`no PAOS: ${asked.status} ${asked.text}`);
  const [, relay] = /<(?:\w+:)?RelayState[^>]*>([^<]*)</.exec(asked.text);
  const request = asked.text.replace(/<((?:\w+:)?)Header[\s>][\s\S]*?<\/\1Header>/, '');
  const headers = { 'content-type': 'text/xml', authorization: `Basic ${Buffer.from(`${who.username}:${who.password}`).toString('base64')}` };
  const answer = await agent.send(`${clinic.issuer}/saml/ecp`, { method: 'POST', headers, body: request });
  if (answer.status !== 200) return { answer };
  const [, there] = /<(?:\w+:)?Response[^>]*AssertionConsumerServiceURL="([^"]*)"/.exec(answer.text);
  const [, meant] = /responseConsumerURL="([^"]*)"/.exec(asked.text);
  if (there !== meant) throw new Error(`the app meant ${meant}, the answer is for ${there}`);
  const header = `<e:RelayState xmlns:e="urn:oasis:names:tc:SAML:2.0:profiles:SSO:ecp" xmlns:s="${soap}" s:mustUnderstand="1" s:actor="http://schemas.xmlsoap.org/soap/actor/next">${relay}</e:RelayState>`;
  const envelope = answer.text.replace(/(<((?:\w+:)?)Header[\s>])[\s\S]*?(<\/\2Header>)/, (_all, _open, prefix) => `<${prefix}Header>${header}</${prefix}Header>`);
  const taken = await agent.send(there, { method: 'POST', headers: { 'content-type': 'application/vnd.paos+xml' }, body: envelope });
  return { answer, taken, page: taken.location ? await agent.send(taken.location) : taken };
}
