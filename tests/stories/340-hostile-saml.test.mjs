// Messages that no app should send: each is refused with a page that helps and a row that says why, nothing is issued, and
// afterwards the server serves as before, no larger (security.md H, G1, G2).
import assert from 'node:assert/strict';
import { createHmac, createSign } from 'node:crypto';
import { readFileSync } from 'node:fs';
import net from 'node:net';
import { test } from 'node:test';
import { deflateRawSync } from 'node:zlib';
import { Agent } from '../kit/agent.mjs';
import { sleep, startClinic, stores } from '../kit/clinic.mjs';
import { app, events } from '../kit/hostile.mjs';
import {
  algorithms, appOf, authnRequest, bindingOf, envelope, formats, freshId, idpCertificate, logoutRequest, logoutResponse, packed, policy, postAcross, postForm, provider, redirectUrl, registerApps, signOn, signXml, signXmlSha1, ssoUrl,
} from '../kit/saml-message.mjs';

// CPU of a process in milliseconds, and its resident kilobytes.
const cpuOf = (pid) => { const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1].split(' '); return (Number(fields[11]) + Number(fields[12])) * 10; };
// AddressSanitizer keeps what is freed: its memory says nothing.
const isMeasured = (pid) => !/lib[at]san/.test(readFileSync(`/proc/${pid}/maps`, 'utf8'));
const residentOf = (pid) => Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))[1]);

// So many MB, which deflate packs a thousandfold.
const bomb = (mega) => deflateRawSync(Buffer.alloc(mega * 1024 * 1024, 0x20)).toString('base64');

// [what is wrong, the request or how to make it: url | {form} | {soap}, where it goes; reason in the audit, unless several fit].
// Everything but what is named is sound.
function cases(clinic, { sp, other, off, known, answered, loggedOut }) {
  const sso = `${clinic.issuer}/saml/sso`;
  const slo = `${clinic.issuer}/saml/slo`;
  const redirect = (xml, how = {}) => ({ url: redirectUrl(sso, xml, { key: sp.key, ...how }) });
  const posted = (xml, relay) => ({ url: sso, form: postForm(xml, relay) });
  const ask = (parts = {}) => authnRequest(clinic, sp, parts);
  const out = (parts = {}, who = sp, what = known) => logoutRequest(clinic, who, what, parts);
  const logout = (xml, how = {}) => ({ url: redirectUrl(slo, xml, { key: sp.key, ...how }) });
  const edit = (request, change) => { const url = new URL(request.url); change(url.searchParams); return { url: url.href }; };
  const before = (xml, head) => `${head}${xml}`;
  const inIssuer = (text) => ask({ issuerXml: `<saml:Issuer>${text}</saml:Issuer>` });
  const repeat = (count, one) => Array.from({ length: count }, (_, n) => one(n)).join('');
  const other256 = (xml) => signXml(xml, sp, { key: other.key });
  const twice = () => { const signed = signXml(ask(), sp); const [signature] = /<ds:Signature.*<\/ds:Signature>/s.exec(signed); return signed.replace(signature, signature + signature); };
  const moved = () => { const signed = signXml(ask({ inside: policy(formats.persistent) }), sp); const [signature] = /<ds:Signature.*<\/ds:Signature>/s.exec(signed); return signed.replace(signature, '').replace('</samlp:AuthnRequest>', `${signature}</samlp:AuthnRequest>`); };
  const wrapped = () => {
    const signed = signXml(ask(), sp);
    return signed.replace(/ ID="[^"]+"/, ` ID="${freshId()}"`).replace('</samlp:AuthnRequest>', `<samlp:Extensions>${signed}</samlp:Extensions></samlp:AuthnRequest>`);
  };
  const hmacQuery = () => {
    const query = `SAMLRequest=${encodeURIComponent(packed(ask()))}&SigAlg=${encodeURIComponent(algorithms.hmac)}`;
    return { url: `${sso}?${query}&Signature=${encodeURIComponent(createHmac('sha1', sp.certificate).update(query).digest('base64'))}` };
  };
  const hmacEmbedded = () => signXml(ask(), sp).replace(algorithms.sha256, algorithms.hmac);
  const otherBytes = () => edit(redirect(ask()), (query) => query.set('SAMLRequest', packed(ask())));
  const soap = (address, xml) => ({ url: `${clinic.issuer}${address}`, soap: xml });

  const list = [
    // who and where
    ['no message at all', { url: sso }, 'parameter_missing'],
    ['no message at all at logout', { url: slo }, 'parameter_missing'],
    ['an issuer that is nobody', redirect(ask({ issuer: 'https://nobody.example/sp' })), 'client_unknown'],
    ['a disabled app', { url: redirectUrl(sso, authnRequest(clinic, off), { key: off.key }) }, 'client_unknown'],
    ['an OIDC client id as issuer', redirect(ask({ issuer: 'story' })), 'client_unknown'],
    ['ourselves as issuer', redirect(ask({ issuer: `${clinic.issuer}/saml/metadata` })), 'client_unknown'],
    ['no issuer', redirect(ask({ issuer: null })), 'issuer'],
    ["another app's issuer, signed with one's own key", redirect(authnRequest(clinic, other)), 'saml_signature'],
    ['another Destination', redirect(ask({ destination: 'https://other.example/saml/sso' })), 'destination'],
    ["the logout address as Destination", redirect(ask({ destination: slo })), 'destination'],
    ['a Destination that only begins like ours', redirect(ask({ destination: `${sso}.evil.example` })), 'destination'],
    ['signed without Destination', redirect(ask({ destination: null })), 'destination_missing'],
    ["another app's answer address", redirect(ask({ more: ` AssertionConsumerServiceURL="${other.acs}"` })), 'saml_acs'],
    ['an answer address of nobody', redirect(ask({ more: ' AssertionConsumerServiceURL="https://evil.example/acs"' })), 'saml_acs'],
    ['an answer address by http', redirect(ask({ more: ' AssertionConsumerServiceURL="http://evil.example/acs"' })), 'saml_acs'],
    ['an answer address that is script', redirect(ask({ more: ' AssertionConsumerServiceURL="javascript:alert(1)"' })), 'saml_acs'],
    ['an answer address with a fragment more', redirect(ask({ more: ` AssertionConsumerServiceURL="${sp.acs}#x"` })), 'saml_acs'],
    ['an index that is not there', redirect(ask({ more: ' AssertionConsumerServiceIndex="99"' })), 'saml_acs'],
    ['an index below zero', redirect(ask({ more: ' AssertionConsumerServiceIndex="-1"' })), 'value_malformed'],
    ['an index too large', redirect(ask({ more: ' AssertionConsumerServiceIndex="99999999999999999999"' })), 'value_malformed'],
    ['an index and an address', redirect(ask({ more: ` AssertionConsumerServiceIndex="0" AssertionConsumerServiceURL="${sp.acs}"` })), 'acs_ambiguous'],
    ['an answer by a binding that is none', redirect(ask({ more: ' ProtocolBinding="urn:example:carrier-pigeon"' })), 'saml_acs'],
    // signatures
    ['the signature is gone', edit(redirect(ask()), (query) => { query.delete('Signature'); query.delete('SigAlg'); }), 'saml_signature'],
    ['SigAlg without Signature', edit(redirect(ask()), (query) => query.delete('Signature')), 'query_signature'],
    ['Signature without SigAlg', edit(redirect(ask()), (query) => query.delete('SigAlg')), 'query_signature'],
    ["another app's key", redirect(ask(), { key: other.key }), 'saml_signature'],
    ['the signature of other bytes', otherBytes(), 'saml_signature'],
    ['a signature of zeros', edit(redirect(ask()), (query) => query.set('Signature', Buffer.alloc(256).toString('base64'))), 'saml_signature'],
    ['a signature that is no base64', edit(redirect(ask()), (query) => query.set('Signature', '%%%')), 'base64'],
    ['RelayState appended after signing', edit(redirect(ask()), (query) => query.set('RelayState', '/chart')), 'saml_signature'],
    ['RelayState changed after signing', edit(redirect(ask(), { relay: '/a' }), (query) => query.set('RelayState', '/b')), 'saml_signature'],
    ['SigAlg is SHA-1', redirect(ask(), { algorithm: algorithms.sha1, hash: 'RSA-SHA1' }), 'signature_algorithm'],
    ['SigAlg says SHA-1, signed with SHA-256', redirect(ask(), { algorithm: algorithms.sha1 }), 'signature_algorithm'],
    ['SigAlg says SHA-512, signed with SHA-256', redirect(ask(), { algorithm: 'http://www.w3.org/2001/04/xmldsig-more#rsa-sha512' }), 'saml_signature'],
    ['HMAC keyed with the certificate', hmacQuery(), 'signature_algorithm'],
    ['a signature inside of a message in a query', { url: redirectUrl(sso, signXml(ask(), sp)) }, 'signature_embedded'],
    ['posted, the signature is gone', posted(ask()), 'saml_signature'],
    ["posted, another app's key", posted(other256(ask())), 'saml_signature'],
    ['posted, changed after signing', posted(signXml(ask(), sp).replace(' Version="2.0"', ' ForceAuthn="true" Version="2.0"')), 'saml_signature'],
    ['posted, signed with SHA-1', posted(signXmlSha1(ask(), sp)), 'signature_algorithm'],
    ['posted, digested with SHA-1', posted(signXml(ask(), sp, { digest: 'http://www.w3.org/2000/09/xmldsig#sha1' })), 'digest_algorithm'],
    ['posted, HMAC', posted(hmacEmbedded()), 'signature_algorithm'],
    ['posted, two signatures', posted(twice()), 'signature_twice'],
    ['posted, the signature at the end', posted(moved()), 'signature_place'],
    ['posted, the signed one wrapped in another', posted(wrapped())],
    ['posted, canonicalized with comments', posted(signXml(ask(), sp, { options: { canonicalizationAlgorithm: 'http://www.w3.org/2001/10/xml-exc-c14n#WithComments' } })), 'canonicalization'],
    ['posted, a transform of XSLT', posted(signXml(ask(), sp).replace('http://www.w3.org/2001/10/xml-exc-c14n#"/></ds:Transforms>', 'http://www.w3.org/TR/1999/REC-xslt-19991116"/></ds:Transforms>')), 'transform'],
    ['posted, a reference to everything', posted(signXml(ask(), sp).replace(/URI="#[^"]+"/, 'URI=""')), 'signature_reference'],
    ['posted, a reference to a file', posted(signXml(ask(), sp).replace(/URI="#[^"]+"/, 'URI="file:///etc/passwd"')), 'signature_reference'],
    ['posted, SigAlg beside it', { url: sso, form: { ...postForm(signXml(ask(), sp)), SigAlg: algorithms.sha256, Signature: 'AAAA' } }, 'query_signature'],
    // once and fresh
    ['a request that was answered', answered, 'saml_replayed'],
    ['a stale request', redirect(ask({ instant: -3600 })), 'stale'],
    ['a request to come', redirect(ask({ instant: 3600 })), 'future'],
    ['a time that is none', redirect(ask({ instant: 'yesterday' })), 'issue_instant'],
    ['no time', redirect(ask({ instant: null })), 'issue_instant'],
    ['an ID of one letter', redirect(ask({ id: 'a' })), 'id'],
    ['no ID', redirect(ask({ id: null })), 'id'],
    ['SAML 1.1', redirect(ask().replace('Version="2.0"', 'Version="1.1"')), 'version'],
    // how it is packed
    ['a deflate bomb of 100 MB, posted', { url: sso, form: { SAMLRequest: bomb(100) } }],
    ['a deflate bomb of 100 MB', { url: `${sso}?SAMLRequest=${encodeURIComponent(bomb(100))}` }],
    ['a deflate bomb of 8 MB', { url: `${sso}?SAMLRequest=${encodeURIComponent(bomb(8))}` }, 'message_too_large'],
    ['50,000 attributes, packed', redirect(ask({ more: repeat(50000, () => ' a=""') })), 'message_too_large'],
    ['50,000 elements, packed', redirect(ask({ inside: `<samlp:Extensions>${repeat(50000, () => '<x/>')}</samlp:Extensions>` })), 'message_too_large'],
    ['30,000 elements deep, packed', redirect(ask({ inside: '<x>'.repeat(30000) + '</x>'.repeat(30000) })), 'message_too_large'],
    ['a deflate bomb of 60 MB where nothing is deflated', { url: sso, form: { SAMLRequest: bomb(60) } }],
    ['garbage for base64', { url: `${sso}?SAMLRequest=${encodeURIComponent('*&^%$')}` }, 'base64'],
    ['base64 that is not deflate', { url: `${sso}?SAMLRequest=${encodeURIComponent(Buffer.from('no deflate stream').toString('base64'))}` }, 'deflate'],
    ['a deflate stream with more behind it', redirect('', { value: Buffer.concat([deflateRawSync(Buffer.from(ask())), Buffer.from('more')]).toString('base64') }), 'deflate'],
    ['another SAMLEncoding', { url: `${redirectUrl(sso, ask())}&SAMLEncoding=urn%3Aexample%3Aplain` }, 'encoding_unknown'],
    ['SAMLRequest and SAMLResponse', { url: `${redirectUrl(sso, ask())}&SAMLResponse=AAAA` }, 'parameter_odd'],
    ['SAMLRequest and SAMLResponse at logout', { url: `${redirectUrl(slo, out(), { key: sp.key })}&SAMLResponse=AAAA` }],
    ['a parameter twice', { url: `${redirectUrl(sso, ask(), { relay: 'a', key: sp.key })}&RelayState=b` }],
    ['the message twice', { url: `${redirectUrl(sso, ask(), { key: sp.key })}&SAMLRequest=${encodeURIComponent(packed(ask()))}` }],
    ['a parameter name that is encoded', { url: redirectUrl(sso, ask(), { key: sp.key }).replace('SigAlg=', 'Sig%41lg=') }],
    ['RelayState of 3 KB', redirect(ask(), { relay: 'r'.repeat(3000) }), 'relay_state_too_long'],
    // XML
    ['not XML', posted('hello'), /^xml_|root/],
    ['50,000 attributes', posted(ask({ more: repeat(50000, (n) => ` a${n}=""`) }))],
    ['3,000 attributes', posted(ask({ more: repeat(3000, (n) => ` a${n}=""`) })), 'xml_too_many_attributes'],
    ['50,000 elements', posted(ask({ inside: `<samlp:Extensions>${repeat(50000, () => '<x/>')}</samlp:Extensions>` }))],
    ['9,000 elements', posted(ask({ inside: `<samlp:Extensions>${repeat(9000, () => '<x/>')}</samlp:Extensions>` })), 'xml_too_many_elements'],
    ['30,000 elements deep', posted(ask({ inside: '<x>'.repeat(30000) + '</x>'.repeat(30000) }))],
    ['6,000 elements deep', posted(ask({ inside: '<x>'.repeat(6000) + '</x>'.repeat(6000) })), 'xml_too_deep'],
    ['1,000 namespaces', posted(ask({ more: repeat(1000, (n) => ` xmlns:n${n}="urn:x:${n}"`) })), /^xml_too_many/],
    ['a document type', posted(before(ask(), '<!DOCTYPE x>')), /^xml_/],
    ['entities that multiply', posted(before(ask(), `<!DOCTYPE x [<!ENTITY a0 "ha">${repeat(20, (n) => `<!ENTITY a${n + 1} "&a${n};&a${n};">`)}]>`)), /^xml_/],
    ['an entity from a file', posted(before(inIssuer('&f;'), '<!DOCTYPE x [<!ENTITY f SYSTEM "file:///etc/passwd">]>')), /^xml_/],
    ['an entity from an address', posted(before(inIssuer('&f;'), '<!DOCTYPE x [<!ENTITY % f SYSTEM "http://127.0.0.1:9/x.dtd"> %f;]>')), /^xml_/],
    ['a document type by another server', posted(before(ask(), '<!DOCTYPE x SYSTEM "http://127.0.0.1:9/x.dtd">')), /^xml_/],
    ['a document type behind a declaration', posted(before(ask(), '<?xml version="1.0"?>\n<!DOCTYPE x [ ]>')), /^xml_/],
    ['a comment in the issuer', posted(inIssuer(`${sp.entity}<!---->.evil.example`)), /^xml_/],
    ['a processing instruction in the issuer', posted(inIssuer(`${sp.entity}<?x?>.evil.example`)), /^xml_/],
    ['CDATA in the issuer', posted(inIssuer(`<![CDATA[${sp.entity}]]>`)), /^xml_/],
    ['an element in the issuer', posted(inIssuer(`${sp.entity}<b xmlns="">x</b>`)), 'issuer'],
    ['a style sheet', posted(before(ask(), '<?xml-stylesheet href="http://127.0.0.1:9/x.xsl"?>')), /^xml_/],
    ['UTF-16', posted(Buffer.from(`\ufeff${ask()}`, 'utf16le')), /^xml_/],
    ['UTF-7 declared', posted(before(ask(), '<?xml version="1.0" encoding="UTF-7"?>')), /^xml_/],
    ['a NUL', posted(inIssuer(`${sp.entity}\u0000`)), /^xml_/],
    ['bytes that are no UTF-8', posted(Buffer.concat([Buffer.from(ask()), Buffer.from([0xff, 0xfe])])), /^xml_/],
    ['two roots', posted(ask() + ask()), /^xml_/],
    ['a root of another kind', posted('<x xmlns="urn:x:y"/>'), 'root_unexpected'],
    ['a logout request where a sign-on is asked for', posted(signXml(out({ destination: sso }), sp)), 'root_unexpected'],
    ['an assertion of its own', posted(ask({ inside: '<saml:Assertion/>' }))],
    ['SOAP where a form belongs', posted(envelope(ask())), 'root_unexpected'],
    ['markup in the RelayState of a refused request', { url: `${redirectUrl(sso, ask({ issuer: 'https://nobody.example/' }), { relay: '"><script>alert(1)</script>' })}` }, 'client_unknown'],
    ['markup in the issuer', redirect(ask({ issuer: '"><script>alert(1)</script>' }))],
    // logout
    ['logout without a signature', { url: redirectUrl(slo, out()) }, 'saml_signature'],
    ["logout with another app's key", logout(out(), { key: other.key }), 'saml_signature'],
    ['logout signed with SHA-1', logout(out(), { algorithm: algorithms.sha1, hash: 'RSA-SHA1' }), 'signature_algorithm'],
    ['logout for another Destination', logout(out({ destination: sso })), 'destination'],
    ['a stale logout', logout(out({ instant: -3600 })), 'stale'],
    ['a logout to come', logout(out({ instant: 3600 })), 'future'],
    ['a logout that has ended', logout(out({ more: ' NotOnOrAfter="2020-01-01T00:00:00Z"' })), /expired|saml_stale/],
    ['a logout message again', loggedOut, 'saml_replayed'],
    ["logout with an index of nobody's", logout(out({}, sp, { ...known, sessionIndex: 'x' })), 'saml_logout'],
    ["logout with another person's name", logout(out({}, sp, { ...known, nameId: { ...known.nameId, value: 'somebody-else' } })), 'saml_logout'],
    ['logout without a name', logout(out({ inside: '<samlp:SessionIndex>1.x</samlp:SessionIndex>' })), /name_id|child/],
    ['logout of 40 indexes', logout(out({ inside: `<saml:NameID>x</saml:NameID>${repeat(40, (n) => `<samlp:SessionIndex>i${n}</samlp:SessionIndex>`)}` })), 'session_index'],
    ['an answer to a logout that we did not ask', { url: redirectUrl(slo, logoutResponse(slo, sp, '_0123456789abcdef0123'), { field: 'SAMLResponse', key: sp.key }) }, 'saml_logout'],
    ['an answer to a logout without a signature', { url: redirectUrl(slo, logoutResponse(slo, sp, '_0123456789abcdef0123'), { field: 'SAMLResponse' }) }, 'saml_signature'],
    ['SOAP logout without a signature', soap('/saml/slo/soap', envelope(logoutRequest(clinic, sp, known, { soap: true }))), 'saml_signature'],
    ['SOAP with two messages', soap('/saml/slo/soap', envelope(signXml(logoutRequest(clinic, sp, known, { soap: true }), sp).repeat(2))), 'soap_envelope'],
    ['SOAP with a header that must be understood', soap('/saml/slo/soap', envelope(signXml(logoutRequest(clinic, sp, known, { soap: true }), sp), '<x:y xmlns:x="urn:x:y" soap:mustUnderstand="1"/>')), 'soap_header'],
    ['SOAP that is none', soap('/saml/artifact', '<x/>'), 'soap_envelope'],
    ['ECP for an app that has none', soap('/saml/ecp', envelope(signXml(ask({ destination: null, more: ` ProtocolBinding="${bindingOf('paos')}"` }), sp))), 'saml_acs'],
  ];
  return list.map(([name, request, reason]) => ({ name, request, reason }));
}

// Larger than the server reads: it answers to what the headers say and closes, so the rest may find nobody.
function sendLarge(url, method, body = '') {
  return new Promise((done, fail) => {
    const { host, port, pathname, search } = new URL(url);
    let text = '';
    const socket = net.connect(port, '127.0.0.1', () => {
      socket.write(`${method} ${pathname}${search} HTTP/1.1\r\nHost: ${host}\r\nAccept: text/html\r\nConnection: close\r\n${body ? `Content-Type: application/x-www-form-urlencoded\r\nContent-Length: ${body.length}\r\n` : ''}\r\n`);
      setTimeout(() => { if (body && !text) socket.write(body); }, 30);
    });
    socket.setEncoding('utf8');
    socket.on('data', (data) => { text += data; });
    socket.on('error', (error) => { if (!text) fail(error); });
    socket.on('close', () => done({ status: Number(/^HTTP\/1\.1 (\d{3})/.exec(text)?.[1] ?? 0), text, location: null }));
  });
}

async function send(clinic, agent, { url, form, soap: xml }) {
  if (xml) {
    const answer = await fetch(url, { method: 'POST', headers: { 'content-type': 'text/xml' }, body: xml });
    return { status: answer.status, text: await answer.text(), headers: answer.headers, location: null };
  }
  const body = form && new URLSearchParams(form).toString();
  if (url.length > 15000 || body?.length > 100000) return sendLarge(url, form ? 'POST' : 'GET', body);
  return form ? postAcross(url, form) : agent.send(url);
}

// Larger than is read at all: refused at the door, where nobody knows yet that it is SAML.
const atTheDoor = (page) => [413, 414, 431].includes(page.status);

for (const store of stores) {
  test(`hostile requests and logouts (${store})`, async (t) => {
    const clinic = await startClinic({ store, env: { LANYARD_LIMITS_SIGN_IN_TRIES: '100' } });
    t.after(() => clinic.stop());
    const certificate = await idpCertificate(clinic);
    const [sp, other, off] = [provider('good'), provider('other'), provider('off')];
    registerApps(clinic, appOf(sp, { require_signed_requests: true }), appOf(other, { require_signed_requests: true }), appOf(off, { disabled: true }), app('story'));
    const { pid } = clinic.nodes[0].process;

    const good = async () => {
      const agent = new Agent();
      const url = ssoUrl(clinic, sp, {}, { key: sp.key, relay: '"><script>alert(1)</script>' });
      const answer = await signOn(agent, url, certificate);
      assert.deepEqual([answer.status, answer.relay], ['Success', '"><script>alert(1)</script>'], 'markup in RelayState is text');
      assert.doesNotMatch(answer.page.text, /<script>alert/);
      return { agent, url, answer };
    };
    const { agent, url, answer: known } = await good();

    // A logout of another session, done once.
    const second = await good();
    const out = redirectUrl(`${clinic.issuer}/saml/slo`, logoutRequest(clinic, sp, second.answer), { key: sp.key });
    assert.ok((await second.agent.follow(out)).location);

    const list = cases(clinic, { sp, other, off, known, answered: { url }, loggedOut: { url: out } });
    assert.ok(list.length >= 30);
    for (let n = 0; n < 20; n++) await send(clinic, agent, list[n].request);
    const resident = residentOf(pid);
    const issued = () => events(clinic).filter((event) => ['assertion.issue', 'session.end', 'session.start'].includes(event.type)).length;
    const issuedBefore = issued();

    const spent = cpuOf(pid);
    let sent = 0;
    for (const { name, request, reason } of list) {
      // The server writes so many rows in ten seconds and no more.
      if (++sent % 60 === 0) await sleep(10500);
      await t.test(name, async () => {
        const before = events(clinic).length;
        const page = await send(clinic, agent, request);
        assert.ok(page.status >= 400 && page.status < 500, `${page.status} ${page.location ?? page.text}`);
        assert.equal(page.location, null);
        if (!request.soap && ![414, 431].includes(page.status)) {
          assert.match(page.text, /<h1[^>]*>[^<]+<\/h1>/);
          assert.match(page.text, /Reference: [0-9A-Z-]{8,}/);
          assert.doesNotMatch(page.text, /<script>alert|SAMLResponse|\.c:\d+|xmlsec|lasso|libxml|\/etc\/|root:/i);
        }
        const fresh = events(clinic).slice(before);
        if (atTheDoor(page)) return;
        assert.deepEqual(fresh.map((event) => [event.type, event.outcome]), [['saml.request.deny', 'deny']], name);
        const [{ body }] = fresh;
        assert.match(body.reason, reason instanceof RegExp ? reason : new RegExp(`^${reason ?? '[a-z][a-z_0-9]+'}$`));
      });
    }

    t.diagnostic(`${((cpuOf(pid) - spent) / list.length).toFixed(1)} ms of CPU on average, with the row that is written`);

    await t.test('nothing was issued and nobody signed out', async () => {
      assert.equal(issued(), issuedBefore);
      const still = await signOn(agent, ssoUrl(clinic, sp, { more: ' IsPassive="true"' }, { key: sp.key }), certificate);
      assert.deepEqual([still.status, still.sessionIndex], ['Success', known.sessionIndex]);
    });

    await t.test('each again and again: what it costs', async (one) => {
      const rounds = Number(process.env.HOSTILE_ROUNDS ?? (process.env.STORIES_SHORT ? 1 : 4));
      const costs = [];
      for (const { name, request } of list) {
        const began = cpuOf(pid);
        for (let n = 0; n < rounds; n++) await send(clinic, agent, request);
        costs.push([(cpuOf(pid) - began) / rounds, name]);
      }
      for (const [cost, name] of costs.toSorted((a, b) => b[0] - a[0]).slice(0, 5)) one.diagnostic(`${cost.toFixed(1)} ms of CPU: ${name}`);
    });

    await t.test('the server serves as before and has not grown by 20 MB', async () => {
      await good();
      const grown = residentOf(pid) - resident;
      t.diagnostic(`resident ${resident} KB, grown by ${grown} KB`);
      assert.ok(grown < 20 * 1024 || !isMeasured(pid), `${grown} KB`);
    });
  });
}
