// upstream-saml-cases.mjs: answers of a SAML identity provider with exactly one thing wrong: [what, make(context), the stable
// word of the audit (any, unless said; null: of no sign-in of this browser, so that nothing is on record)]. context: { idp, other, asked, foreign (what another flow asked), person, victim, certificate (ours, to
// encrypt to), clinic }. make gives the message, or { xml, relay, acs, form }.
import { createHmac } from 'node:crypto';
import { algorithms, classOf, freshId, nameId, signXml, signXmlSha1, space } from './saml-message.mjs';
import { secondAssertions, wrappings } from './saml-wrapping.mjs';
import { answerXml, assertionXml, attributesXml, conditionsXml, confirmationXml, encryptXml, responseXml, statementXml, valueXml } from './upstream-saml.mjs';

const answer = ({ idp, asked, person }, parts) => answerXml(idp, asked, person, parts);
const response = (more, parts) => (c) => answer(c, { response: typeof more === 'function' ? more(c) : more, ...parts });
const assertion = (more, parts) => (c) => answer(c, { assertion: typeof more === 'function' ? more(c) : more, ...parts });
const confirmed = (more) => assertion(({ asked }) => ({ confirmations: confirmationXml(asked, typeof more === 'function' ? more(asked) : more) }));
const conditioned = (more) => assertion(({ asked }) => ({ conditions: typeof more === 'function' ? more(asked) : more }));
const stated = (statement) => assertion({ statement });
const by = (key) => (c) => answer(c, { signing: { key: key(c) } });
const edited = (change, parts) => (c) => change(answer(c, parts), c);
const repeat = (count, one) => Array.from({ length: count }, (_, n) => one(n)).join('');
const named = (xml, sign = 'assertion') => assertion({ name: xml }, { sign });
const replaced = (from, to) => edited((xml) => { const out = xml.replace(from, to); if (out === xml) throw new Error(`nothing like ${from}`); return out; });

const status = [
  ['the status of a requester', response({ status: ['Requester'] }), 'response_status'],
  ['the status AuthnFailed', response({ status: ['Responder', 'AuthnFailed'] }), 'response_status'],
  ['a status that only begins like success', response({ status: ['SuccessButNot'] }), 'response_status'],
  ['no status', response({ statusXml: '' }), /child_unexpected|assertion_count/],
  ['a status within success', response({ status: ['Requester', 'Success'] }), 'response_status'],
  ['two status codes', response({ statusXml: '<samlp:Status><samlp:StatusCode Value="urn:oasis:names:tc:SAML:2.0:status:Requester"/><samlp:StatusCode Value="urn:oasis:names:tc:SAML:2.0:status:Success"/></samlp:Status>' }), 'response_status'],
];

const destinations = [
  ['a Destination of another server', response({ destination: 'https://other.example/acs' }), 'response_destination'],
  ["another connection's Destination", response(({ asked }) => ({ destination: asked.acs.replace('/sp/north/', '/sp/other/') })), 'response_destination'],
  ['a Destination that only begins like ours', response(({ asked }) => ({ destination: `${asked.acs}/more` })), 'response_destination'],
  ['a signed response without Destination', response({ destination: null }, { sign: 'response' }), 'response_destination'],
  ['the Recipient of another server', confirmed({ recipient: 'https://other.example/acs' }), 'confirmation_recipient'],
  ["another connection's Recipient", confirmed((asked) => ({ recipient: asked.acs.replace('/sp/north/', '/sp/other/') })), 'confirmation_recipient'],
  ['a Recipient that only begins like ours', confirmed((asked) => ({ recipient: `${asked.acs}?x` })), 'confirmation_recipient'],
  ['no Recipient', confirmed({ recipient: null }), 'confirmation_recipient'],
];

const answered = [
  ['a response to another request', response({ inResponseTo: freshId() }), 'response_in_response_to'],
  ['a response to the request of another flow', response(({ foreign }) => ({ inResponseTo: foreign.id })), 'response_in_response_to'],
  ['a confirmation for another request', confirmed({ inResponseTo: freshId() }), 'confirmation_in_response_to'],
  ['a confirmation for the request of another flow', assertion(({ asked, foreign }) => ({ confirmations: confirmationXml(asked, { inResponseTo: foreign.id }) })), 'confirmation_in_response_to'],
  ['a response to nothing', response({ inResponseTo: null }), /in_response_to|unsolicited/],
  ['a confirmation for nothing', confirmed({ inResponseTo: null }), 'confirmation_in_response_to'],
  ['an empty InResponseTo', response({ inResponseTo: '' }), /in_response_to|unsolicited/],
  ['all of it made for another flow', ({ idp, foreign, person, asked }) => ({ xml: answerXml(idp, foreign, person), relay: asked.relay }), 'response_in_response_to'],
];

const issuers = [
  ['a response of another issuer', response(({ other }) => ({ issuer: other.entity })), 'response_issuer'],
  ['an assertion of another issuer', assertion(({ other }) => ({ issuer: other.entity })), 'assertion_issuer'],
  ['an assertion without issuer', edited((xml) => xml, { assertion: { issuerXml: '' }, sign: 'response' }), /issuer|child/],
  ['an issuer that only ends differently', assertion(({ idp }) => ({ issuer: `${idp.entity}/` })), 'assertion_issuer'],
  ['an issuer of another format', assertion(({ idp }) => ({ issuerXml: `<saml:Issuer Format="urn:example:other">${idp.entity}</saml:Issuer>` })), 'issuer'],
  ['a response of SAML 1.1', response({ version: '1.1' }), 'version'],
  ['an assertion of SAML 1.1', assertion({ version: '1.1' }), 'version'],
  ['a response without version', response({ version: null }), 'version'],
  ['an assertion without ID', edited((xml) => xml, { assertion: { id: null }, sign: 'response' }), 'id'],
  ['a response without ID', response({ id: null }), 'id'],
];

// Beyond the skew that is allowed for; what is within it is accepted below.
const times = [
  ['a response of an hour ago', response({ instant: -3600 }), 'response_time'],
  ['a response of the next hour', response({ instant: 3600 }), 'response_time'],
  ['a response without time', response({ instant: null }), 'issue_instant'],
  ['a response with a time that is none', response({ instant: 'now' }), 'issue_instant'],
  ['an assertion of the next hour', assertion({ instant: 3600 }), 'assertion_time'],
  ['an assertion of an hour ago', assertion({ instant: -3600 }), 'assertion_time'],
  ['an assertion without time', assertion({ instant: null }), 'issue_instant'],
  ['conditions that have ended', conditioned({ notBefore: -600, notOnOrAfter: -240 }), 'conditions_not_on_or_after'],
  ['conditions that are to come', conditioned({ notBefore: 240 }), 'conditions_not_before'],
  ['conditions without end, confirmed for an hour past', assertion(({ asked }) => ({ conditions: { notOnOrAfter: null }, confirmations: confirmationXml(asked, { notOnOrAfter: -3600 }) })), 'confirmation_not_on_or_after'],
  ['conditions with an end that is no time', conditioned({ notOnOrAfter: 'tomorrow' }), 'conditions_not_on_or_after'],
  ['conditions with a beginning that is no time', conditioned({ notBefore: 'yesterday' }), 'conditions_not_before'],
  ['a confirmation that has ended', confirmed({ notOnOrAfter: -240 }), 'confirmation_not_on_or_after'],
  ['a confirmation without end', confirmed({ notOnOrAfter: null }), 'confirmation_not_on_or_after'],
  ['a confirmation with a beginning', confirmed({ notBefore: -30 }), 'confirmation_not_before'],
  ['a session that is over', stated({ ends: -240 }), 'session_not_on_or_after'],
  ['a sign-in to come', stated({ at: 3600 }), 'authn_instant'],
  ['a sign-in without time', stated({ at: null }), 'authn_statement'],
];

const conditions = [
  ['no conditions', conditioned(null), 'conditions'],
  ['no audience', conditioned({ audiences: [] }), 'audience'],
  ['an audience of nobody', conditioned({ audiences: [[]] }), 'audience'],
  ['another audience', conditioned({ audiences: [['https://other.example/sp']] }), 'audience'],
  ["another connection's audience", conditioned((asked) => ({ audiences: [[asked.issuer.replace('/sp/north/', '/sp/other/')]] })), 'audience'],
  ['our address as identity provider for audience', conditioned((asked) => ({ audiences: [[asked.issuer.replace(/\/sp\/.*/, '/metadata')]] })), 'audience'],
  ['an audience that only begins like ours', conditioned((asked) => ({ audiences: [[`${asked.issuer}x`]] })), 'audience'],
  ['two restrictions, one for another', conditioned((asked) => ({ audiences: [[asked.issuer], ['https://other.example/sp']] })), 'audience'],
  ['a condition that nobody knows', conditioned({ more: '<saml:Condition xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xmlns:x="urn:x:y" xsi:type="x:Never"/>' }), 'conditions'],
  ['a proxy restriction', conditioned({ more: '<saml:ProxyRestriction Count="1"/>' }), 'conditions'],
  ['one use, twice', conditioned({ more: '<saml:OneTimeUse/><saml:OneTimeUse/>' }), 'conditions'],
];

const subjects = [
  ['no subject', assertion({ subject: '' }), 'confirmation'],
  ['no confirmation', assertion({ confirmations: '' }), 'confirmation'],
  ['a confirmation by sender-vouches', confirmed({ method: 'sender-vouches' }), 'confirmation'],
  ['a confirmation by holder-of-key', confirmed({ method: 'holder-of-key' }), 'confirmation'],
  ['a confirmation without data', confirmed({ data: '' }), 'confirmation'],
  ['two confirmations, none of which is whole', assertion(({ asked }) => ({ confirmations: confirmationXml(asked, { inResponseTo: freshId() }) + confirmationXml(asked, { recipient: 'https://other.example/acs' }) })), 'confirmation'],
  ['two confirmations, one of which is whole', assertion(({ asked }) => ({ confirmations: confirmationXml(asked, { method: 'sender-vouches' }) + confirmationXml(asked) })), 'confirmation'],
  ['no name', named(''), 'name_id_missing'],
  ['an empty name', named('<saml:NameID></saml:NameID>'), /^name_id/],
  ['two names', named('<saml:NameID>one</saml:NameID><saml:NameID>two</saml:NameID>')],
  ['an element in the name', named('<saml:NameID>one<b xmlns="urn:x:y">two</b></saml:NameID>')],
  ['a name of 3,000 letters', named(nameId({ value: 'n'.repeat(3000) }))],
  ['no statement of a sign-in', stated(null), 'authn_statement'],
  ['two statements of a sign-in', assertion({ statement: statementXml() + statementXml() }), 'authn_statement'],
  ['a statement without context', assertion({ statement: '<saml:AuthnStatement AuthnInstant="2026-01-01T00:00:00Z"/>' }), 'authn_statement'],
];

const hmac = (c) => {
  const signed = answer(c);
  const value = createHmac('sha1', c.idp.certificate).update('anything').digest('base64');
  return signed.replace(algorithms.sha256, algorithms.hmac).replace(/<ds:SignatureValue>[^<]*</, `<ds:SignatureValue>${value}<`);
};
// Signed by whoever it is, whose certificate the message brings along.
const withCertificate = (c, sign) => {
  const bare = c.other.certificate.replace(/-----[^-]+-----|\s/g, '');
  return answer(c, { sign, signing: { key: c.other.key } }).replace('</ds:SignatureValue>', () => `</ds:SignatureValue><ds:KeyInfo><ds:X509Data><ds:X509Certificate>${bare}</ds:X509Certificate></ds:X509Data></ds:KeyInfo>`);
};
const weak = (sign) => (c) => {
  const signed = (xml) => signXmlSha1(xml, c.idp);
  const inside = assertionXml(c.idp, c.asked, c.person);
  return sign === 'response' ? signed(responseXml(c.idp, c.asked, inside)) : responseXml(c.idp, c.asked, signed(inside));
};
const digestOnly = (c) => responseXml(c.idp, c.asked, signXml(assertionXml(c.idp, c.asked, c.person), c.idp, { digest: 'http://www.w3.org/2000/09/xmldsig#sha1' }));
const twoReferences = edited((xml) => xml.replace(/<ds:Reference[\s\S]*?<\/ds:Reference>/, (one) => one + one));

const signatures = [
  ['no signature at all', (c) => answer(c, { sign: 'none' }), 'assertion_unsigned'],
  ["the key of another connection's provider", by(({ other }) => other.key), 'assertion_signature'],
  ['a stranger\'s key with its certificate in the message', (c) => withCertificate(c, 'assertion'), 'assertion_signature'],
  ['a stranger\'s key with its certificate, the response signed', (c) => withCertificate(c, 'response'), 'response_signature'],
  ['a sound assertion in a response that a stranger signed', (c) => signXml(answer(c), c.other), 'response_signature'],
  ["a stranger's assertion in a response that is signed soundly", (c) => signXml(answer(c, { signing: { key: c.other.key } }), c.idp), 'assertion_signature'],
  ['an assertion signed with SHA-1', weak('assertion'), 'signature_algorithm'],
  ['a response signed with SHA-1', weak('response'), 'signature_algorithm'],
  ['a SHA-1 digest under SHA-256', digestOnly, 'digest_algorithm'],
  ['an HMAC keyed with the certificate', hmac, 'signature_algorithm'],
  ['another canonicalization', (c) => answer(c, { signing: { options: { canonicalizationAlgorithm: 'http://www.w3.org/TR/2001/REC-xml-c14n-20010315' } } }), 'canonicalization'],
  ['canonicalization that keeps comments', replaced('<ds:CanonicalizationMethod Algorithm="http://www.w3.org/2001/10/xml-exc-c14n#"', '<ds:CanonicalizationMethod Algorithm="http://www.w3.org/2001/10/xml-exc-c14n#WithComments"'), 'canonicalization'],
  ['a transform more', replaced('</ds:Transforms>', '<ds:Transform Algorithm="http://www.w3.org/TR/1999/REC-xpath-19991116"/></ds:Transforms>'), /transform|signature/],
  ['two references', twoReferences, 'signature_reference'],
  ['no reference', edited((xml) => xml.replace(/<ds:Reference[\s\S]*?<\/ds:Reference>/, '')), /signature/],
  ['an empty reference', replaced(/<ds:Reference URI="[^"]*"/, '<ds:Reference URI=""'), /signature/],
  ['a reference to the response', edited((xml) => xml.replace(/<ds:Reference URI="[^"]*"/, `<ds:Reference URI="#${/ ID="([^"]+)"/.exec(xml)[1]}"`)), /signature/],
  ['a second SignedInfo', edited((xml) => xml.replace(/<ds:SignedInfo[\s\S]*?<\/ds:SignedInfo>/, (one) => one + one)), /signature/],
  ['the signature twice', edited((xml) => xml.replace(/<ds:Signature[ >][\s\S]*?<\/ds:Signature>/, (one) => one + one)), /signature|child/],
  ['a signature in another place', edited((xml) => { const [one] = /<ds:Signature[ >][\s\S]*?<\/ds:Signature>/.exec(xml); return xml.replace(one, '').replace('</saml:Assertion>', () => `${one}</saml:Assertion>`); }), /signature|child/],
  ['a name that was changed after signing', replaced(/subject-of-\w+/, 'subject-of-victim'), 'assertion_signature'],
  ['a group that was added after signing', replaced('>Doctors<', '>Doctors</saml:AttributeValue><saml:AttributeValue>Reception<'), 'assertion_signature'],
  ['a digest with a comment', replaced('<ds:DigestValue>', '<ds:DigestValue><!---->'), /^xml_/],
  ['a signature of zeros', edited((xml) => xml.replace(/<ds:SignatureValue>[^<]*</, `<ds:SignatureValue>${Buffer.alloc(256).toString('base64')}<`)), 'assertion_signature'],
];

const victimText = 'subject-of-victim';
const xmlForms = [
  ['a document type', edited((xml) => `<!DOCTYPE x>${xml}`), /^xml_/],
  ['entities that multiply', edited((xml) => `<!DOCTYPE x [<!ENTITY a0 "ha">${repeat(20, (n) => `<!ENTITY a${n + 1} "&a${n};&a${n};">`)}]>${xml}`), /^xml_/],
  ['an entity from a file', edited((xml) => `<!DOCTYPE x [<!ENTITY f SYSTEM "file:///etc/passwd">]>${xml}`), /^xml_/],
  ['an entity in the name', (c) => answer(c).replace('subject-of-', '&e;subject-of-'), /^xml_/],
  ['a comment in the name', (c) => answer(c, { assertion: { name: '<saml:NameID>subject-of-victim.evil</saml:NameID>' } }).replace(`${victimText}.evil`, `${victimText}<!---->.evil`), /^xml_/],
  ['a comment in an attribute', edited((xml) => xml.replace('@north.example', '@north.example<!---->.evil.example')), /^xml_/],
  ['a processing instruction in the name', edited((xml) => xml.replace('subject-of-', 'subject-of-<?x?>')), /^xml_/],
  ['CDATA in the name', edited((xml) => xml.replace(/(subject-of-\w+)/, '<![CDATA[$1]]>')), /^xml_/],
  ['CDATA in an attribute', edited((xml) => xml.replace('>Doctors<', '><![CDATA[Doctors]]><')), /^xml_/],
  ['a reference to what is no character', edited((xml) => xml.replace('subject-of-', 'subject-of-&#0;')), /^xml_/],
  ['a NUL', edited((xml) => xml.replace('subject-of-', 'subject-of-\u0000')), /^xml_/],
  ['a style sheet', edited((xml) => `<?xml-stylesheet href="http://127.0.0.1:9/x.xsl"?>${xml}`), /^xml_/],
  ['another encoding', edited((xml) => `<?xml version="1.0" encoding="UTF-7"?>${xml}`), /^xml_/],
  ['a namespace that is relative', edited((xml) => xml.replace('<samlp:Response ', '<samlp:Response xmlns:r="relative" ')), /^xml_/],
  ['two roots', edited((xml) => xml + xml), /^xml_/],
  ['a root of another kind', () => '<x xmlns="urn:x:y"/>', 'root_unexpected'],
  ['a request where an answer belongs', ({ idp, asked }) => responseXml(idp, asked, '').replaceAll('samlp:Response', 'samlp:AuthnRequest'), 'root_unexpected'],
  ['an assertion of its own', (c) => signXml(assertionXml(c.idp, c.asked, c.person), c.idp), 'root_unexpected'],
  ['no assertion', (c) => signXml(responseXml(c.idp, c.asked, ''), c.idp)],
  ['no XML', () => 'hello', /^xml_/],
  ['50,000 attributes', edited((xml) => xml.replace('<samlp:Response', `<samlp:Response${repeat(50000, (n) => ` a${n}=""`)}`)), /too_/],
  ['9,000 attributes', edited((xml) => xml.replace('<samlp:Response', `<samlp:Response${repeat(9000, (n) => ` a${n}=""`)}`)), /too_/],
  ['a megabyte', edited((xml) => xml.replace('>Doctors<', `>${'D'.repeat(1 << 20)}<`)), /too_/],
  ['9,000 elements', assertion({ attributes: `<saml:AttributeStatement>${repeat(9000, () => '<saml:Attribute Name="a"/>')}</saml:AttributeStatement>` }, { sign: 'none' }), /too_/],
  ['6,000 elements deep', edited((xml) => xml.replace('</saml:AttributeStatement>', `<saml:Attribute Name="d"><saml:AttributeValue>${'<x>'.repeat(6000)}${'</x>'.repeat(6000)}</saml:AttributeValue></saml:Attribute></saml:AttributeStatement>`), { sign: 'none' }), /too_/],
];

const encrypted = (encrypt, parts = {}) => (c) => answer(c, { encrypt: { certificate: c.certificate, ...encrypt }, ...parts });
const sealed = (xml, c, encrypt = {}) => encryptXml(xml, { certificate: c.certificate, ...encrypt });
const encryption = [
  ['encrypted and not signed', encrypted({}, { sign: 'none' }), 'assertion_unsigned'],
  ["encrypted, signed by another connection's provider", (c) => encrypted({}, { signing: { key: c.other.key } })(c), 'assertion_signature'],
  ['encrypted with CBC', encrypted({ content: 'aes256-cbc' }), 'encryption_algorithm'],
  ['encrypted with 128 bits and CBC', encrypted({ content: 'aes128-cbc' }), 'encryption_algorithm'],
  ['encrypted with triple DES', encrypted({ content: 'des-ede3-cbc' }), 'encryption_algorithm'],
  ['its key carried by RSA 1.5', encrypted({ transport: 'rsa1_5' }), 'encryption_algorithm'],
  ['encrypted with CBC under the name of GCM', encrypted({ content: 'aes256-cbc', name: 'aes256-gcm' }), 'decryption'],
  ['encrypted to another key', (c) => answer(c, { encrypt: { certificate: c.other.certificate } }), 'decryption'],
  ['encrypted and changed', encrypted({ edit: (bytes) => { const out = Buffer.from(bytes); out[40] ^= 1; return out; } }), 'decryption'],
  ['encrypted and cut short', encrypted({ edit: (bytes) => bytes.subarray(0, 20) }), 'decryption'],
  ['an encrypted name', (c) => answer(c, { assertion: { name: sealed(nameId({ value: 'x' }), c).replaceAll('EncryptedAssertion', 'EncryptedID') } })],
  ['what was encrypted is no assertion', (c) => responseXml(c.idp, c.asked, sealed(`<saml:Subject xmlns:saml="${space.saml}"/>`, c))],
  ['what was encrypted is a whole response', (c) => responseXml(c.idp, c.asked, sealed(answer(c), c))],
  ['what was encrypted are two assertions', (c) => responseXml(c.idp, c.asked, sealed(signXml(assertionXml(c.idp, c.asked, c.person), c.idp) + assertionXml(c.idp, c.asked, c.victim), c, { type: 'Content' }))],
  ['what was encrypted has a document type', (c) => responseXml(c.idp, c.asked, sealed(`<!DOCTYPE x>${signXml(assertionXml(c.idp, c.asked, c.person), c.idp)}`, c))],
  ['what was encrypted is no XML', (c) => responseXml(c.idp, c.asked, sealed('hello', c))],
  ['an encrypted assertion beside a plain one', (c) => responseXml(c.idp, c.asked, sealed(signXml(assertionXml(c.idp, c.asked, c.person), c.idp), c) + assertionXml(c.idp, c.asked, c.victim))],
  ['an encrypted assertion whose response alone a stranger signed', (c) => signXml(responseXml(c.idp, c.asked, sealed(assertionXml(c.idp, c.asked, c.person), c)), c.other), 'response_signature'],
];

const strangers = [
  ["another connection's provider with all that is its own", ({ other, asked, person }) => answerXml(other, asked, person), 'response_issuer'],
  ["another connection's provider under this one's name", ({ idp, other, asked, person }) => answerXml({ ...other, entity: idp.entity }, asked, person), 'assertion_signature'],
  ["an answer for this flow brought to another connection's address", ({ idp, asked, person }) => ({ xml: answerXml(idp, asked, person), acs: asked.acs.replace('/sp/north/', '/sp/other/') })],
  ["an answer made for another connection's address brought there", ({ idp, asked, person }) => { const acs = asked.acs.replace('/sp/north/', '/sp/other/'); return { xml: answerXml(idp, { ...asked, acs, issuer: asked.issuer.replace('/sp/north/', '/sp/other/') }, person), acs }; }],
  ['a state of nobody', ({ idp, asked, person }) => ({ xml: answerXml(idp, asked, person), relay: 'f_0123456789abcdef0123456789abcdef.AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA' }), null],
  ["another browser's state", ({ idp, foreign, person }) => ({ xml: answerXml(idp, foreign, person), relay: foreign.relay }), null],
];

const group = (name, list) => list.map(([what, make, word]) => ({ group: name, what, make, word }));
export const wrongAnswers = [
  ...group('status', status), ...group('destination', destinations), ...group('in response to', answered), ...group('issuer', issuers), ...group('times', times),
  ...group('conditions', conditions), ...group('subject', subjects), ...group('signature', signatures), ...group('wrapping', wrappings), ...group('second assertion', secondAssertions),
  ...group('XML', xmlForms), ...group('encryption', encryption), ...group('strangers', strangers),
];

// What a sound provider may send: each is accepted. [what, make, subject when it is not the person's].
export const soundAnswers = [
  ['a signed assertion', (c) => answer(c)],
  ['a signed response', (c) => answer(c, { sign: 'response' })],
  ['both signed', (c) => answer(c, { sign: 'both' })],
  ['an encrypted assertion that is signed', encrypted({})],
  ['an encrypted assertion in a signed response', encrypted({ content: 'aes128-gcm' }, { sign: 'response' })],
  ['clocks that differ by half a minute', (c) => answer(c, { response: { instant: 30 }, assertion: { instant: 30, conditions: { notBefore: 30 } } })],
  ['conditions that ended half a minute ago, by another clock', (c) => answer(c, { assertion: { conditions: { notOnOrAfter: -30 }, confirmations: confirmationXml(c.asked, { notOnOrAfter: -30 }) } })],
  ['two audiences, one of which is ours', (c) => answer(c, { assertion: { conditions: { audiences: [['https://other.example/sp', c.asked.issuer]] } } })],
  ['a condition of one use', (c) => answer(c, { assertion: { conditions: { more: '<saml:OneTimeUse/>' } } })],
  ['character references, read as what they stand for', edited((xml) => xml.replace('subject-of-', 'subject-o&#102;-'))],
  ['a response without issuer', (c) => answer(c, { response: { issuer: null } })],
  ['a session that ends', (c) => answer(c, { assertion: { statement: { ends: 3600, context: classOf('Password') } } })],
  ['attributes with and without type', (c) => answer(c, { assertion: { attributes: attributesXml(c.person.attributes).replace('</saml:AttributeStatement>', `<saml:Attribute Name="other">${valueXml('a & b')}<saml:AttributeValue/></saml:Attribute></saml:AttributeStatement>`) } })],
  ['a signature with SHA-512', (c) => answer(c, { signing: { signature: 'http://www.w3.org/2001/04/xmldsig-more#rsa-sha512', digest: 'http://www.w3.org/2001/04/xmlenc#sha512' } })],
].map(([what, make]) => ({ what, make }));
