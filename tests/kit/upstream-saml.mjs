// upstream-saml.mjs: a SAML identity provider by hand: its metadata, its answers and its logouts, sound unless told otherwise.
// A person's browser is led from an app to it and back.
import assert from 'node:assert/strict';
import { createCipheriv, createHash, publicEncrypt, constants, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Agent, formOf } from './agent.mjs';
import { freePort } from './clinic.mjs';
import { authorizeUrl, basic, claimsOf, post, request, userinfo } from './hostile.mjs';
import { keyPair } from './saml.mjs';
import { answerForm, bindingOf, classOf, escape, find, findAll, formats, freshId, nameId, parse, postForm, sentMessage, signXml, space } from './saml-message.mjs';
import { buttonsOf, command, mapping } from './upstream.mjs';

let folder;

export const instantOf = (seconds) => new Date(Date.now() + seconds * 1000).toISOString().replace(/\.\d+Z/, 'Z');
export const statusUri = (name) => `urn:oasis:names:tc:SAML:2.0:status:${name}`;

// A pair of keys with a self-signed certificate.
export function newPair(name) {
  folder ??= mkdtempSync(join(tmpdir(), 'lanyard-idp-'));
  const files = keyPair(folder, `${name}-${randomBytes(4).toString('hex')}`);
  return { key: readFileSync(files.key, 'utf8'), certificate: files.pem(), files };
}
const base64Of = (certificate) => certificate.replace(/-----[^-]+-----|\s/g, '');
const keyDescriptor = (pair, use = 'signing') => `<md:KeyDescriptor${use ? ` use="${use}"` : ''}><ds:KeyInfo><ds:X509Data><ds:X509Certificate>${base64Of(pair.certificate)}</ds:X509Certificate></ds:X509Data></ds:KeyInfo></md:KeyDescriptor>`;

// pairs: whose certificates stand in it; sso, slo: [binding, path]; more: attributes of the descriptor.
export function providerMetadata(idp, { pairs = [idp.pair], sso = [['redirect', 'sso'], ['post', 'sso']], slo = [['redirect', 'slo'], ['post', 'slo'], ['soap', 'slo/soap']], more = '', rootMore = '', entity = idp.entity } = {}) {
  const endpoints = (name, list) => list.map(([binding, path]) => `<md:${name} Binding="${bindingOf(binding)}" Location="${/^\w+:/.test(path) ? path : `${idp.base}/${path}`}"/>`).join('');
  return `<md:EntityDescriptor xmlns:md="${space.md}" xmlns:ds="${space.ds}" entityID="${escape(entity)}"${rootMore}><md:IDPSSODescriptor protocolSupportEnumeration="${space.samlp}"${more}>${
    pairs.map((pair) => keyDescriptor(pair)).join('')}${endpoints('SingleLogoutService', slo)}<md:NameIDFormat>${formats.persistent}</md:NameIDFormat>${endpoints('SingleSignOnService', sso)}</md:IDPSSODescriptor></md:EntityDescriptor>`;
}

// Listens, so that it can be reached: answers at /sso, gives its metadata with an ETag, takes logouts.
export async function startProvider(name, options = {}) {
  const port = await freePort();
  const base = `http://localhost:${port}`;
  const pair = newPair(name);
  const idp = { name, base, entity: `${base}/${name}`, pair, key: pair.key, certificate: pair.certificate, fetched: 0, unchanged: 0, told: [] };
  idp.metadata = providerMetadata(idp, options);
  const server = createServer((ask, answer) => {
    let body = '';
    ask.on('data', (data) => { body += data; });
    ask.on('end', () => {
      const path = ask.url.split('?')[0];
      if (path === '/metadata') return sendMetadata(idp, ask, answer);
      if (path.startsWith('/slo')) idp.told.push({ method: ask.method, url: ask.url, body });
      return answer.writeHead(200, { 'content-type': 'text/html' }).end('<h1>Who are you?</h1>');
    });
  });
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  idp.metadataUrl = `${base}/metadata`;
  idp.stop = () => { server.closeAllConnections(); server.close(); };
  return idp;
}

function sendMetadata(idp, ask, answer) {
  const etag = `"${createHash('sha256').update(idp.metadata).digest('hex').slice(0, 16)}"`;
  idp.fetched += 1;
  if (ask.headers['if-none-match'] === etag) {
    idp.unchanged += 1;
    return answer.writeHead(304, { etag }).end();
  }
  return answer.writeHead(200, { 'content-type': 'application/samlmetadata+xml', etag }).end(idp.metadata);
}

// ---- the practice's side ------------------------------------------------------------------------------------------

export const connectionOf = (idp, id, overrides = {}) => ({
  id, name: `${id} sign-in`, protocol: 'saml', metadata: idp.metadata, mapping, claims: { email: 'mail', given_name: 'givenName', family_name: 'sn' }, ...overrides,
});
// Beside this process, which goes on answering as the provider.
export async function declare(clinic, connections, practice = 'northside') {
  const applied = await command(clinic, 'apply', '-f', '-', { input: JSON.stringify({ practices: [{ id: practice, connections }] }) });
  assert.equal(applied.code, 0, applied.err + applied.out);
}

// What the connection says of itself: entity id, addresses, the certificates by use.
export async function ourSide(clinic, connection) {
  const answer = await fetch(`${clinic.issuer}/saml/sp/${connection}/metadata`);
  const text = await answer.text();
  assert.equal(answer.status, 200, text);
  const root = parse(text).documentElement;
  const certificates = (use) => findAll(root, `.//md:KeyDescriptor[not(@use) or @use='${use}']//ds:X509Certificate`).map((one) => `-----BEGIN CERTIFICATE-----\n${one.textContent.replace(/\s/g, '').replace(/.{64}/g, '$&\n')}\n-----END CERTIFICATE-----\n`);
  const addresses = (name) => findAll(root, `.//md:${name}`).map((one) => ({ binding: one.getAttribute('Binding').split(':').at(-1), at: one.getAttribute('Location') }));
  return { text, root, entity: root.getAttribute('entityID'), signing: certificates('signing'), encryption: certificates('encryption'), acs: addresses('AssertionConsumerService'), slo: addresses('SingleLogoutService') };
}

// ---- people --------------------------------------------------------------------------------------------------------

export const personOf = (name, overrides = {}) => ({
  subject: `subject-of-${name}`, format: formats.persistent, ...overrides,
  attributes: { mail: `${name}@north.example`, givenName: name[0].toUpperCase() + name.slice(1), sn: 'Upstream', groups: ['Doctors'], ...overrides.attributes },
});

// ---- messages ------------------------------------------------------------------------------------------------------

const attribute = (name, value) => (value === null || value === undefined ? '' : ` ${name}="${escape(String(value))}"`);
const instant = (name, value) => (value === null ? '' : ` ${name}="${typeof value === 'number' ? instantOf(value) : value}"`);

export const valueXml = (value) => `<saml:AttributeValue xmlns:xsi="${space.xsi}" xmlns:xs="http://www.w3.org/2001/XMLSchema" xsi:type="xs:string">${escape(value)}</saml:AttributeValue>`;
const attributeXml = ([name, values]) => `<saml:Attribute Name="${escape(name)}" NameFormat="urn:oasis:names:tc:SAML:2.0:attrname-format:basic">${[values].flat().map(valueXml).join('')}</saml:Attribute>`;
export const attributesXml = (attributes) => `<saml:AttributeStatement>${Object.entries(attributes).map(attributeXml).join('')}</saml:AttributeStatement>`;

export function confirmationXml(asked, { method = 'bearer', recipient = asked.acs, inResponseTo = asked.id, notOnOrAfter = 300, notBefore = null, data, inside = '' } = {}) {
  const said = data ?? `<saml:SubjectConfirmationData${attribute('InResponseTo', inResponseTo)}${attribute('Recipient', recipient)}${instant('NotBefore', notBefore)}${instant('NotOnOrAfter', notOnOrAfter)}/>`;
  return `<saml:SubjectConfirmation Method="urn:oasis:names:tc:SAML:2.0:cm:${method}">${inside}${said}</saml:SubjectConfirmation>`;
}

// audiences: one restriction each, with one or several names.
export function conditionsXml(asked, { notBefore = -30, notOnOrAfter = 300, audiences = [[asked.issuer]], more = '' } = {}) {
  const restriction = (names) => `<saml:AudienceRestriction>${names.map((name) => `<saml:Audience>${escape(name)}</saml:Audience>`).join('')}</saml:AudienceRestriction>`;
  return `<saml:Conditions${instant('NotBefore', notBefore)}${instant('NotOnOrAfter', notOnOrAfter)}>${audiences.map(restriction).join('')}${more}</saml:Conditions>`;
}

export function statementXml({ at = -5, sessionIndex = freshId(), ends = null, context = classOf('PasswordProtectedTransport') } = {}) {
  const said = `${instant('AuthnInstant', at)}${attribute('SessionIndex', sessionIndex)}${instant('SessionNotOnOrAfter', ends)}`;
  return `<saml:AuthnStatement${said}><saml:AuthnContext><saml:AuthnContextClassRef>${context}</saml:AuthnContextClassRef></saml:AuthnContext></saml:AuthnStatement>`;
}

// parts: id, version, issuer, issuerXml, instant, name (XML), confirmations (XML), subject (XML), conditions, statement (values, or XML, or null), attributes
// (XML), more (XML at the end).
export function assertionXml(idp, asked, person, { id = freshId(), version = '2.0', issuer = idp.entity, issuerXml, instant: at = 0, name, confirmations, subject, conditions = {}, statement = {}, attributes, more = '' } = {}) {
  const named = name ?? nameId({ value: person.subject, format: person.format });
  const who = subject ?? `<saml:Subject>${named}${confirmations ?? confirmationXml(asked)}</saml:Subject>`;
  const of = (value, make) => (value === null ? '' : typeof value === 'string' ? value : make(value));
  return `<saml:Assertion xmlns:saml="${space.saml}"${attribute('ID', id)}${attribute('Version', version)}${instant('IssueInstant', at)}>${
    issuerXml ?? (issuer === null ? '' : `<saml:Issuer>${escape(issuer)}</saml:Issuer>`)}${who}${of(conditions, (value) => conditionsXml(asked, value))}${of(statement, statementXml)}${
    attributes ?? attributesXml(person.attributes)}${more}</saml:Assertion>`;
}

export function responseXml(idp, asked, inside, { id = freshId(), version = '2.0', issuer = idp.entity, issuerXml, instant: at = 0, destination = asked.acs, inResponseTo = asked.id, status = ['Success'], statusXml, extensions = '', more = '' } = {}) {
  const codes = status.reduceRight((inner, name) => `<samlp:StatusCode Value="${statusUri(name)}"${inner ? `>${inner}</samlp:StatusCode>` : '/>'}`, '');
  return `<samlp:Response xmlns:samlp="${space.samlp}" xmlns:saml="${space.saml}"${attribute('ID', id)}${attribute('Version', version)}${instant('IssueInstant', at)}${attribute('Destination', destination)}${attribute('InResponseTo', inResponseTo)}${more}>${
    issuerXml ?? (issuer === null ? '' : `<saml:Issuer>${escape(issuer)}</saml:Issuer>`)}${extensions}${statusXml ?? `<samlp:Status>${codes}</samlp:Status>`}${inside}</samlp:Response>`;
}

// sign: 'assertion' | 'response' | 'both' | 'none'; signing: how (signXml); encrypt: how (encryptXml), with the certificate.
export function answerXml(idp, asked, person, { response = {}, assertion = {}, sign = 'assertion', signing = {}, encrypt } = {}) {
  let inside = assertionXml(idp, asked, person, assertion);
  if (sign === 'assertion' || sign === 'both') inside = signXml(inside, idp, signing);
  if (encrypt) inside = encryptXml(inside, encrypt);
  const xml = responseXml(idp, asked, inside, response);
  return sign === 'response' || sign === 'both' ? signXml(xml, idp, signing) : xml;
}

// ---- encryption ----------------------------------------------------------------------------------------------------

const contents = {
  'aes128-gcm': ['http://www.w3.org/2009/xmlenc11#aes128-gcm', 16, 12], 'aes256-gcm': ['http://www.w3.org/2009/xmlenc11#aes256-gcm', 32, 12],
  'aes128-cbc': ['http://www.w3.org/2001/04/xmlenc#aes128-cbc', 16, 16], 'aes256-cbc': ['http://www.w3.org/2001/04/xmlenc#aes256-cbc', 32, 16],
  'des-ede3-cbc': ['http://www.w3.org/2001/04/xmlenc#tripledes-cbc', 24, 8],
};
const transports = {
  oaep: ['http://www.w3.org/2001/04/xmlenc#rsa-oaep-mgf1p', { padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash: 'sha1' }, '<ds:DigestMethod Algorithm="http://www.w3.org/2000/09/xmldsig#sha1"/>'],
  'rsa1_5': ['http://www.w3.org/2001/04/xmlenc#rsa-1_5', { padding: constants.RSA_PKCS1_PADDING }, ''],
};

function sealed(text, content, key, ivLength) {
  const iv = randomBytes(ivLength);
  const cipher = createCipheriv(content.replace(/^aes/, 'aes-'), key, iv);
  if (content.endsWith('gcm')) return Buffer.concat([iv, cipher.update(text), cipher.final(), cipher.getAuthTag()]);
  // XML Encryption pads with any bytes; the last one says how many.
  cipher.setAutoPadding(false);
  const pad = ivLength - (text.length % ivLength);
  return Buffer.concat([iv, cipher.update(Buffer.concat([text, Buffer.alloc(pad - 1), Buffer.from([pad])])), cipher.final()]);
}

// edit: what is done to the sealed bytes; type: of EncryptedData.
export function encryptXml(xml, { certificate, content = 'aes256-gcm', transport = 'oaep', edit = (bytes) => bytes, type = 'Element', name = content } = {}) {
  const [, length, ivLength] = contents[content];
  const key = randomBytes(length);
  const [how, padding, inside] = transports[transport];
  const value = (bytes) => `<xenc:CipherData><xenc:CipherValue>${bytes.toString('base64')}</xenc:CipherValue></xenc:CipherData>`;
  const carried = `<xenc:EncryptedKey><xenc:EncryptionMethod Algorithm="${how}">${inside}</xenc:EncryptionMethod>${value(publicEncrypt({ key: certificate, ...padding }, key))}</xenc:EncryptedKey>`;
  const method = `<xenc:EncryptionMethod Algorithm="${contents[name][0]}"/>`;
  const data = value(edit(sealed(Buffer.from(xml), content, key, ivLength)));
  return `<saml:EncryptedAssertion xmlns:saml="${space.saml}"><xenc:EncryptedData xmlns:xenc="${space.xenc}" xmlns:ds="${space.ds}" Type="http://www.w3.org/2001/04/xmlenc#${type}">${method}<ds:KeyInfo>${carried}</ds:KeyInfo>${data}</xenc:EncryptedData></saml:EncryptedAssertion>`;
}

// ---- the way there and back ----------------------------------------------------------------------------------------

// What arrives at the provider.
export function requestOf(page) {
  const { xml, relay, to, field } = sentMessage(page);
  const root = parse(xml).documentElement;
  assert.deepEqual([field, root.localName], ['SAMLRequest', 'AuthnRequest'], xml);
  return { id: root.getAttribute('ID'), issuer: find(root, './saml:Issuer').textContent, acs: root.getAttribute('AssertionConsumerServiceURL'), fresh: root.getAttribute('ForceAuthn'), relay, to, xml, root, page };
}

// From an app's address to the provider, by the connection's button.
export async function depart(agent, start, connection) {
  const first = await agent.follow(start);
  const href = buttonsOf(first)[connection];
  assert.ok(href, `no button of ${connection}: ${first.status} ${first.url} ${first.text.slice(0, 1500)}`);
  const page = await agent.follow(href);
  assert.ok(page.location || /name="SAMLRequest"/.test(page.text), `not sent to the provider: ${page.status} ${page.text.slice(0, 1500)}`);
  return requestOf(page);
}

// The provider's page posts from another site: no cookies of ours. What our own GET behind it answers.
export async function arrive(agent, acs, xml, relay) {
  const posted = await new Agent().send(acs, { method: 'POST', form: postForm(xml, relay, 'SAMLResponse'), headers: { origin: 'http://provider.example', 'sec-fetch-site': 'cross-site' } });
  return posted.location ? agent.follow(posted.location, new URL(acs).origin) : posted;
}

// A real provider, which knows already who sits before it: its answer, not yet sent. who: for one that asks for a password.
export async function throughProvider(agent, asked, who) {
  const { action, fields } = asked.page.location ? {} : formOf(asked.page.text);
  let page = asked.page.location ? await agent.send(asked.page.location) : await agent.send(action, { method: 'POST', form: fields });
  for (let hops = 0; hops < 12; hops++) {
    const form = answerForm(page);
    if (form) return { xml: form.xml, relay: form.relay, acs: form.action };
    if (page.location) page = await agent.send(page.location);
    else if (who && /id="login-form"/.test(page.text)) page = await agent.submit(page, who, /<form[^>]*id="login-form"[^>]*>/);
    else break;
  }
  throw new Error(`no answer of the provider: ${page.status} ${page.url}\n${page.text.slice(0, 3000)}`);
}

// Begins at the story's app and stands at the provider.
export async function begin(clinic, connection, { agent = new Agent(), overrides = {} } = {}) {
  const { parameters, verifier } = request({ scope: 'openid profile email clinic roles', ...overrides });
  const asked = await depart(agent, authorizeUrl(clinic, parameters), connection);
  return { agent, asked, verifier, parameters };
}

// The whole sign-in: the page it ends at, and the app's tokens when it ends there.
export async function signInBy(clinic, idp, connection, person, { agent, overrides, ...how } = {}) {
  const flow = await begin(clinic, connection, { agent, overrides });
  const page = await arrive(flow.agent, flow.asked.acs, answerXml(idp, flow.asked, person, how), flow.asked.relay);
  return { ...flow, page, ...await redeem(clinic, flow, page) };
}

// What the app gets for its code, claims with those of userinfo; nothing when it got none.
export async function redeem(clinic, { verifier, parameters }, page) {
  const code = page.location && new URL(page.location).searchParams.get('code');
  if (!code) return {};
  const answer = await post(clinic, '/oauth2/token', { grant_type: 'authorization_code', code, redirect_uri: parameters.redirect_uri, code_verifier: verifier }, basic(parameters.client_id));
  assert.equal(answer.status, 200, answer.text);
  return { tokens: answer.json, claims: { ...claimsOf(answer.json.id_token), ...(await userinfo(clinic, answer.json.access_token)).json } };
}
