// saml-message.mjs: SAML messages by hand, as sound ones are and as none should be; and what the server answered, looked at
// without believing it: signatures, encryption, every value of an assertion.
import assert from 'node:assert/strict';
import { createSign, randomBytes } from 'node:crypto';
import { mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { deflateRawSync, inflateRawSync } from 'node:zlib';
import { DOMParser } from '@xmldom/xmldom';
import { SignedXml } from 'xml-crypto';
import { decrypt } from 'xml-encryption';
import xpath from 'xpath';
import { Agent, formOf } from './agent.mjs';
import { people } from './clinic.mjs';
import { keyPair, metadataOf } from './saml.mjs';

export const space = {
  samlp: 'urn:oasis:names:tc:SAML:2.0:protocol', saml: 'urn:oasis:names:tc:SAML:2.0:assertion', md: 'urn:oasis:names:tc:SAML:2.0:metadata',
  ds: 'http://www.w3.org/2000/09/xmldsig#', xenc: 'http://www.w3.org/2001/04/xmlenc#', soap: 'http://schemas.xmlsoap.org/soap/envelope/',
  ecp: 'urn:oasis:names:tc:SAML:2.0:profiles:SSO:ecp', hl7: 'urn:hl7-org:v3', xsi: 'http://www.w3.org/2001/XMLSchema-instance',
};
const bindings = { redirect: 'HTTP-Redirect', post: 'HTTP-POST', artifact: 'HTTP-Artifact', soap: 'SOAP', paos: 'PAOS' };
export const bindingOf = (name) => `urn:oasis:names:tc:SAML:2.0:bindings:${bindings[name]}`;
export const formats = {
  persistent: 'urn:oasis:names:tc:SAML:2.0:nameid-format:persistent', transient: 'urn:oasis:names:tc:SAML:2.0:nameid-format:transient',
  email: 'urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress', unspecified: 'urn:oasis:names:tc:SAML:1.1:nameid-format:unspecified',
};
export const classOf = (name) => `urn:oasis:names:tc:SAML:2.0:ac:classes:${name}`;
export const algorithms = { sha256: 'http://www.w3.org/2001/04/xmldsig-more#rsa-sha256', sha1: 'http://www.w3.org/2000/09/xmldsig#rsa-sha1', hmac: 'http://www.w3.org/2000/09/xmldsig#hmac-sha1' };
const digests = { sha256: 'http://www.w3.org/2001/04/xmlenc#sha256', sha1: 'http://www.w3.org/2000/09/xmldsig#sha1' };

export const escape = (text) => text.replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/"/g, '&quot;');
export const freshId = () => `_${randomBytes(16).toString('hex')}`;
const instantOf = (seconds) => new Date(Date.now() + seconds * 1000).toISOString().replace(/\.\d+Z/, 'Z');

// ---- service providers ----------------------------------------------------------------------------------------------

let folder;

// One with a key of its own. ends: what stands in its SPSSODescriptor beside keys; by default a POST address, and logout by
// redirect. Nobody has to listen there.
export function provider(name, { base = 'http://localhost:9999', acs = [['post', 'acs']], slo = [['redirect', 'slo']], flags = '', encryption = false, pair } = {}) {
  folder ??= mkdtempSync(join(tmpdir(), 'lanyard-sp-'));
  const files = pair ?? keyPair(folder, name);
  const entity = `${base}/${name}`;
  const at = (path) => (path.startsWith('http') ? path : `${entity}/${path}`);
  const certificate = files.pem();
  const base64 = certificate.replace(/-----[^-]+-----|\s/g, '');
  const keys = (encryption ? ['signing', 'encryption'] : ['signing']).map((use) => `<md:KeyDescriptor use="${use}"><ds:KeyInfo><ds:X509Data><ds:X509Certificate>${base64}</ds:X509Certificate></ds:X509Data></ds:KeyInfo></md:KeyDescriptor>`);
  const metadata = `<md:EntityDescriptor xmlns:md="${space.md}" xmlns:ds="${space.ds}" entityID="${entity}"><md:SPSSODescriptor protocolSupportEnumeration="${space.samlp}"${flags}>${keys.join('')}${
    slo.map(([binding, path]) => `<md:SingleLogoutService Binding="${bindingOf(binding)}" Location="${at(path)}"/>`).join('')}${
    acs.map(([binding, path], index) => `<md:AssertionConsumerService Binding="${bindingOf(binding)}" Location="${at(path)}" index="${index}"/>`).join('')}</md:SPSSODescriptor></md:EntityDescriptor>`;
  return { name, entity, files, certificate, metadata, key: readFileSync(files.key, 'utf8'), acs: at(acs[0][1]), slo: slo.length ? at(slo[0][1]) : undefined, at };
}

export const appOf = (sp, overrides = {}) => ({
  entity_id: sp.entity, name: sp.name, type: 'saml', practices: ['northside'], metadata: sp.metadata, attributes: [{ preset: 'clinic' }], ...overrides,
});

export function registerApps(clinic, ...apps) {
  const applied = clinic.apply({ apps });
  assert.equal(applied.code, 0, applied.err + applied.out);
}

// ---- messages -------------------------------------------------------------------------------------------------------

// more: attributes as text; inside: what follows the Issuer. Whatever is null is left out.
function message(kind, address, sp, { id = freshId(), issuer = sp.entity, instant = 0, destination = address, more = '', inside = '', issuerXml } = {}) {
  const attribute = (name, value) => (value === null ? '' : ` ${name}="${escape(value)}"`);
  return `<samlp:${kind} xmlns:samlp="${space.samlp}" xmlns:saml="${space.saml}"${attribute('ID', id)} Version="2.0"${attribute('IssueInstant', typeof instant === 'number' ? instantOf(instant) : instant)}${attribute('Destination', destination)}${more}>${
    issuerXml ?? (issuer === null ? '' : `<saml:Issuer>${escape(issuer)}</saml:Issuer>`)}${inside}</samlp:${kind}>`;
}

export const authnRequest = (clinic, sp, parts = {}) => message('AuthnRequest', `${clinic.issuer}/saml/sso`, sp, parts);
export const policy = (format, more = '') => `<samlp:NameIDPolicy Format="${format}" AllowCreate="true"${more}/>`;
export const context = (comparison, ...classes) => `<samlp:RequestedAuthnContext Comparison="${comparison}">${classes.map((one) => `<saml:AuthnContextClassRef>${one}</saml:AuthnContextClassRef>`).join('')}</samlp:RequestedAuthnContext>`;

export const nameId = ({ value, format, qualifier }) => `<saml:NameID${format ? ` Format="${format}"` : ''}${qualifier ? ` SPNameQualifier="${escape(qualifier)}"` : ''}>${escape(value)}</saml:NameID>`;

// known: what an assertion said (assertionOf).
export const logoutRequest = (clinic, sp, known, { soap = false, ...parts } = {}) => message('LogoutRequest', `${clinic.issuer}/saml/slo${soap ? '/soap' : ''}`, sp, {
  inside: nameId(known.nameId) + (known.sessionIndex ? `<samlp:SessionIndex>${escape(known.sessionIndex)}</samlp:SessionIndex>` : ''), ...parts,
});
export const logoutResponse = (address, sp, inResponseTo, { status = 'Success', sub, ...parts } = {}) => message('LogoutResponse', address, sp, {
  more: ` InResponseTo="${inResponseTo}"`, inside: `<samlp:Status><samlp:StatusCode Value="urn:oasis:names:tc:SAML:2.0:status:${status}">${sub ? `<samlp:StatusCode Value="urn:oasis:names:tc:SAML:2.0:status:${sub}"/>` : ''}</samlp:StatusCode></samlp:Status>`, ...parts,
});
export const artifactResolve = (clinic, sp, artifact, parts = {}) => message('ArtifactResolve', `${clinic.issuer}/saml/artifact`, sp, { inside: `<samlp:Artifact>${artifact}</samlp:Artifact>`, ...parts });

// An enveloped signature behind the Issuer.
export function signXml(xml, sp, { signature = algorithms.sha256, digest = digests.sha256, key = sp.key, options = {} } = {}) {
  const signer = new SignedXml({ privateKey: key, signatureAlgorithm: signature, canonicalizationAlgorithm: 'http://www.w3.org/2001/10/xml-exc-c14n#', ...options });
  signer.addReference({ xpath: '/*', digestAlgorithm: digest, transforms: ['http://www.w3.org/2000/09/xmldsig#enveloped-signature', 'http://www.w3.org/2001/10/xml-exc-c14n#'] });
  signer.computeSignature(xml, { prefix: 'ds', location: { reference: "/*/*[local-name(.)='Issuer']", action: 'after' } });
  return signer.getSignedXml();
}
export const signXmlSha1 = (xml, sp) => signXml(xml, sp, { signature: algorithms.sha1, digest: digests.sha1 });

// ---- how they travel ------------------------------------------------------------------------------------------------

export const packed = (xml) => deflateRawSync(Buffer.isBuffer(xml) ? xml : Buffer.from(xml)).toString('base64');

// The whole address; key: whose signature; algorithm is only named, `hash` is what signs.
export function redirectUrl(address, xml, { field = 'SAMLRequest', relay, key, algorithm = algorithms.sha256, hash = 'RSA-SHA256', value = packed(xml) } = {}) {
  let query = `${field}=${encodeURIComponent(value)}`;
  if (relay !== undefined) query += `&RelayState=${encodeURIComponent(relay)}`;
  if (key) {
    query += `&SigAlg=${encodeURIComponent(algorithm)}`;
    query += `&Signature=${encodeURIComponent(createSign(hash).update(query).sign(key).toString('base64'))}`;
  }
  return `${address}?${query}`;
}
export const postForm = (xml, relay, field = 'SAMLRequest') => ({ [field]: Buffer.from(xml).toString('base64'), ...(relay === undefined ? {} : { RelayState: relay }) });
export const envelope = (xml, header = '') => `<soap:Envelope xmlns:soap="${space.soap}">${header ? `<soap:Header>${header}</soap:Header>` : ''}<soap:Body>${xml}</soap:Body></soap:Envelope>`;

export const ssoUrl = (clinic, sp, parts = {}, how = {}) => redirectUrl(`${clinic.issuer}/saml/sso`, authnRequest(clinic, sp, parts), how);
export const sloUrl = (clinic, sp, known, parts = {}, how = {}) => redirectUrl(`${clinic.issuer}/saml/slo`, logoutRequest(clinic, sp, known, parts), { key: sp.key, ...how });

export async function soapPost(url, xml, { headers = {}, header } = {}) {
  const answer = await fetch(url, { method: 'POST', redirect: 'manual', headers: { 'content-type': 'text/xml', ...headers }, body: envelope(xml, header) });
  return { status: answer.status, headers: answer.headers, text: await answer.text() };
}

// ---- what came back -------------------------------------------------------------------------------------------------

const select = xpath.useNamespaces(space);
export const parse = (xml) => new DOMParser({ onError: () => { throw new Error(`not well formed: ${xml.slice(0, 300)}`); } }).parseFromString(xml, 'text/xml');
export const find = (node, path) => select(path, node, true);
export const findAll = (node, path) => select(path, node);
export const textOf = (node, path) => find(node, path)?.textContent;
const valueOf = (node, path) => find(node, path)?.value;

// The certificate that signs now, and the next one.
export async function idpCertificates(clinic) {
  const metadata = parse(await metadataOf(clinic));
  return findAll(metadata, "//md:IDPSSODescriptor/md:KeyDescriptor[not(@use) or @use='signing']//ds:X509Certificate")
    .map((one) => `-----BEGIN CERTIFICATE-----\n${one.textContent.replace(/\s/g, '').replace(/.{64}/g, '$&\n')}\n-----END CERTIFICATE-----\n`);
}
export const idpCertificate = async (clinic) => (await idpCertificates(clinic))[0];

// Is this element signed by the certificate, it alone and by its own ID, with SHA-256?
export function isSigned(xml, element, certificate) {
  const signature = find(element, './ds:Signature');
  if (!signature) return false;
  assert.deepEqual([valueOf(signature, './/ds:SignatureMethod/@Algorithm'), valueOf(signature, './/ds:DigestMethod/@Algorithm')], [algorithms.sha256, digests.sha256]);
  assert.deepEqual(findAll(signature, './/ds:Reference').map((one) => one.getAttribute('URI')), [`#${element.getAttribute('ID')}`]);
  const checker = new SignedXml({ publicCert: certificate, getCertFromKeyInfo: () => null });
  checker.loadSignature(signature);
  assert.ok(checker.checkSignature(xml), 'the signature does not hold');
  return true;
}

const opened = (data, key) => new Promise((done, fail) => {
  decrypt(data, { key }, (error, text) => (error ? fail(error) : done(text)));
});

const attributesOf = (assertion) => Object.fromEntries(findAll(assertion, './saml:AttributeStatement/saml:Attribute').map((one) => [one.getAttribute('Name'), findAll(one, './saml:AttributeValue').map((value) => value.textContent)]));

function nameOf(node, path) {
  const name = find(node, path);
  return name && { value: name.textContent, format: name.getAttribute('Format') || undefined, qualifier: name.getAttribute('SPNameQualifier') || undefined };
}

function assertionOf(assertion) {
  return {
    id: assertion.getAttribute('ID'), issuer: textOf(assertion, './saml:Issuer'), nameId: nameOf(assertion, './saml:Subject/saml:NameID'),
    recipient: valueOf(assertion, './/saml:SubjectConfirmationData/@Recipient'), inResponseTo: valueOf(assertion, './/saml:SubjectConfirmationData/@InResponseTo'),
    audience: findAll(assertion, './saml:Conditions/saml:AudienceRestriction/saml:Audience').map((one) => one.textContent),
    authnInstant: valueOf(assertion, './saml:AuthnStatement/@AuthnInstant'), sessionIndex: valueOf(assertion, './saml:AuthnStatement/@SessionIndex'),
    sessionEnds: valueOf(assertion, './saml:AuthnStatement/@SessionNotOnOrAfter'), class: textOf(assertion, './saml:AuthnStatement/saml:AuthnContext/saml:AuthnContextClassRef'),
    attributes: attributesOf(assertion), node: assertion,
  };
}

export const statusOf = (node) => findAll(node, './samlp:Status//samlp:StatusCode').map((one) => one.getAttribute('Value').replace('urn:oasis:names:tc:SAML:2.0:status:', '')).join(' ');

// A Response as an app reads it: every signature that is there holds, and at least one is.
export async function readResponse(xml, certificate, { key } = {}) {
  const document = parse(xml);
  const root = document.documentElement;
  const out = {
    xml, root, status: statusOf(root), inResponseTo: root.getAttribute('InResponseTo') || undefined, destination: root.getAttribute('Destination') || undefined,
    issuer: textOf(root, './saml:Issuer'), signedResponse: isSigned(xml, root, certificate), signedAssertion: false, encrypted: false,
  };
  const secret = find(root, './saml:EncryptedAssertion/xenc:EncryptedData');
  let text = xml;
  let assertion = find(root, './saml:Assertion');
  if (secret) {
    out.encrypted = true;
    out.methods = findAll(secret, './/xenc:EncryptionMethod').map((one) => one.getAttribute('Algorithm'));
    if (!key) return out;
    text = await opened(secret.parentNode.toString(), key);
    assertion = parse(text).documentElement;
  }
  if (assertion) {
    out.signedAssertion = isSigned(text, assertion, certificate);
    Object.assign(out, assertionOf(assertion));
  }
  assert.ok(out.signedResponse || out.signedAssertion || !out.status.startsWith('Success'), 'nothing is signed');
  return out;
}

// The form that carries an answer to an app; null: the page is another one.
export function answerForm(page) {
  if (!/name="SAMLResponse"/.test(page.text)) return null;
  const { action, fields } = formOf(page.text);
  return { action, relay: fields.RelayState, xml: Buffer.from(fields.SAMLResponse, 'base64').toString('utf8'), fields };
}

// The form posted from the app's page: without cookies, as SameSite=Lax has it.
export const postAcross = (url, form) => new Agent().send(url, { method: 'POST', form });

// A person signs on in this browser, from an address or what was answered to a form; the page it ends at, and whether a
// password was asked for.
export async function walk(agent, start, { who = people.ada } = {}) {
  if (typeof start !== 'string') assert.equal(start.status, 303, start.text);
  let page = await agent.follow(typeof start === 'string' ? start : start.location);
  const asked = /id="login-form"/.test(page.text);
  if (asked) page = await agent.submit(page, { username: who.username, password: who.password }, /<form[^>]*id="login-form"[^>]*>/);
  return { page, asked };
}

// What the app is given at the end of it. Whoever listens at the app is not asked.
export async function signOn(agent, start, certificate, { key, ...options } = {}) {
  const { page, asked } = await walk(agent, start, options);
  const form = answerForm(page);
  assert.ok(form, `no answer for an app: ${page.status} ${page.url} ${page.text.slice(0, 2000)}`);
  return { ...await readResponse(form.xml, certificate, { key }), action: form.action, relay: form.relay, fields: form.fields, page, asked };
}

// A message of ours in an address or a form: [name, xml, relay, where].
export function sentMessage(answer) {
  const url = answer.location && new URL(answer.location);
  const fields = url ? Object.fromEntries(url.searchParams) : formOf(answer.text).fields;
  const field = fields.SAMLRequest ? 'SAMLRequest' : 'SAMLResponse';
  const bytes = Buffer.from(fields[field], 'base64');
  return { field, xml: (url ? inflateRawSync(bytes) : bytes).toString('utf8'), relay: fields.RelayState, to: url ? url.origin + url.pathname : formOf(answer.text).action };
}
