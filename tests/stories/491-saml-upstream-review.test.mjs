// A second look at sign-in by way of a SAML provider: what nobody asked for takes no session away, a provider's identity stays
// what people are linked under, an encrypted answer tells nobody what was wrong in it, and what strangers lay aside is little
// and for one browser, and a logout is for one connection (security.md B11, G1, H9, H15).
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Agent, errorCode } from '../kit/agent.mjs';
import { startClinic, stores, until } from '../kit/clinic.mjs';
import { app, change, events, register, rows } from '../kit/hostile.mjs';
import { formats, freshId, logoutRequest, postForm, signXml, soapPost } from '../kit/saml-message.mjs';
import { isActive } from '../kit/upstream.mjs';
import { answerXml, arrive, assertionXml, begin, connectionOf, declare, encryptXml, ourSide, personOf, providerMetadata, redeem, responseXml, signInBy, startProvider } from '../kit/upstream-saml.mjs';

async function world(t, store, env = {}) {
  const clinic = await startClinic({ store, env });
  const idp = await startProvider('northidp');
  t.after(async () => { idp.stop(); await clinic.stop(); });
  register(clinic, app('story'));
  return { clinic, idp };
}
const lastEvent = (clinic) => events(clinic).at(-1);
const reasonOf = (clinic) => lastEvent(clinic).body.reason;
const post = (acs, xml, relay) => new Agent().send(acs, { method: 'POST', form: postForm(xml, relay, 'SAMLResponse') });

for (const store of stores) {
  test(`an answer that nobody asked for ends nobody else's session (${store})`, async (t) => {
    const { clinic, idp } = await world(t, store);
    await declare(clinic, [connectionOf(idp, 'open', { allow_idp_initiated: true })]);
    const side = await ourSide(clinic, 'open');
    const unasked = (agent, person) => arrive(agent, side.acs[0].at, answerXml(idp, { id: null, acs: side.acs[0].at, issuer: side.entity }, person));
    const [nora, mallory] = [personOf('nora'), personOf('mallory')];
    const hers = await signInBy(clinic, idp, 'open', nora);
    assert.ok(hers.tokens, hers.page.text);

    const caught = await unasked(hers.agent, mallory);
    assert.equal(caught.status, 403, `${caught.status} ${caught.location} ${caught.text.slice(0, 500)}`);
    assert.equal(errorCode(caught.text), 'upstream_other');
    assert.deepEqual([lastEvent(clinic).type, reasonOf(clinic), lastEvent(clinic).actor], ['upstream.deny', 'unsolicited', null]);
    assert.equal(await isActive(clinic, hers.tokens.access_token), true);
    assert.deepEqual(rows(clinic, "SELECT email FROM account WHERE email LIKE 'mallory%'"), []);

    const again = await unasked(hers.agent, nora);
    assert.ok(again.status < 400, again.text);
    assert.equal(await isActive(clinic, hers.tokens.access_token), true);
    const alone = await unasked(new Agent(), mallory);
    assert.ok(alone.status < 400, alone.text);
  });

  test(`metadata that is looked at again stays that of the same provider (${store})`, async (t) => {
    const { clinic, idp } = await world(t, store);
    const nora = personOf('nora');
    await declare(clinic, [connectionOf(idp, 'byurl', { metadata: undefined, metadata_url: idp.metadataUrl })]);
    assert.ok((await signInBy(clinic, idp, 'byurl', nora)).claims);
    const entity = 'https://somebody.else.example/saml';
    idp.metadata = providerMetadata(idp, { entity });
    change(clinic, 'UPDATE connection_metadata SET next_at = 1');
    await until('the second look', () => events(clinic).some((event) => event.type.startsWith('connection.metadata.')), 20000);
    assert.deepEqual([lastEvent(clinic).type, lastEvent(clinic).outcome], ['connection.metadata.fail', 'fail']);
    assert.match(lastEvent(clinic).body.ext.trouble, /entityID is "https:\/\/somebody\.else\.example\/saml", not "http:\/\/localhost/);
    assert.ok((await signInBy(clinic, idp, 'byurl', nora)).claims);
    const other = await signInBy(clinic, { ...idp, entity }, 'byurl', nora);
    assert.equal(other.claims, undefined);
    assert.equal(rows(clinic, 'SELECT DISTINCT issuer FROM upstream_link').length, 1);
  });

  test(`whatever is wrong in an encrypted answer, the browser is told the same (${store})`, async (t) => {
    const { clinic, idp } = await world(t, store);
    const nora = personOf('nora');
    await declare(clinic, [connectionOf(idp, 'north'), connectionOf(idp, 'old', { allow_legacy_encryption: true })]);
    const twice = freshId();
    // [the word on record, what is encrypted]
    const insides = [
      [/^assertion_unsigned$/, (asked) => assertionXml(idp, asked, nora)],
      [/^(xml_doctype|decryption)$/, (asked) => `<!DOCTYPE x>${assertionXml(idp, asked, nora)}`],
      [/^(xml_comment|decryption)$/, (asked) => assertionXml(idp, asked, nora).replace('<saml:Subject>', '<!-- --><saml:Subject>')],
      [/^(xml_unbalanced|xml_empty|xml_outside|xml_text|decryption)$/, () => 'no XML'],
      [/^encryption$/, () => '<x/>'],
      [/^version$/, (asked) => assertionXml(idp, asked, nora, { version: '1.1' })],
      [/^id$/, (asked) => assertionXml(idp, asked, nora, { id: 'short' })],
      [/^id_repeated$/, (asked) => assertionXml(idp, asked, nora, { id: twice }).replace('<saml:Subject>', `<saml:Subject Id="${twice}">`)],
      [/^issuer$/, (asked) => assertionXml(idp, asked, nora, { issuer: '' })],
      [/^child_unexpected$/, (asked) => assertionXml(idp, asked, nora, { more: '<saml:AuthzDecisionStatement/>' })],
      [/^assertion_count$/, (asked) => assertionXml(idp, asked, nora, { more: `<saml:AttributeStatement>${assertionXml(idp, asked, nora)}</saml:AttributeStatement>` })],
      [/^decryption$/, (asked) => assertionXml(idp, asked, nora), { edit: (bytes) => { bytes[bytes.length - 20] ^= 1; return bytes; } }],
      [/^decryption$/, (asked) => assertionXml(idp, asked, nora), { edit: (bytes) => bytes.subarray(0, bytes.length - 16) }],
    ];
    const told = new Set();
    for (const [id, content] of [['north', 'aes256-gcm'], ['old', 'aes128-cbc']]) {
      const [certificate] = (await ourSide(clinic, id)).encryption;
      for (const [word, inside, how = {}] of insides) {
        const { agent, asked } = await begin(clinic, id);
        const page = await arrive(agent, asked.acs, responseXml(idp, asked, encryptXml(inside(asked), { certificate, content, ...how })), asked.relay);
        assert.match(reasonOf(clinic), word, `${id} ${word}`);
        told.add(`${page.status} ${errorCode(page.text)}`);
      }
    }
    assert.equal(told.size, 1, [...told].join(', '));
  });

  test(`a logout by SOAP counts at the connection that it names alone (${store})`, async (t) => {
    const { clinic, idp } = await world(t, store);
    const nora = personOf('nora', { format: formats.email, subject: 'nora@north.example' });
    await declare(clinic, [connectionOf(idp, 'north'), connectionOf(idp, 'south')]);
    const come = (connection) => signInBy(clinic, idp, connection, nora, { assertion: { statement: { sessionIndex: 'the-same-everywhere' } } });
    const hers = await come('north');
    assert.ok(hers.claims, hers.page.text);
    const known = { nameId: { value: nora.subject, format: nora.format }, sessionIndex: 'the-same-everywhere' };
    const at = (connection) => `${clinic.issuer}/saml/sp/${connection}/slo/soap`;
    const say = (destination) => soapPost(at('north'), signXml(logoutRequest(clinic, idp, known, { destination }), idp));
    for (const destination of [null, at('south'), `${clinic.issuer}/saml/slo/soap`]) {
      await say(destination);
      assert.deepEqual([lastEvent(clinic).type, lastEvent(clinic).outcome], ['upstream.deny', 'deny'], `${destination}`);
      assert.equal(await isActive(clinic, hers.tokens.access_token), true, `${destination}`);
    }
    await say(at('north'));
    assert.equal(await isActive(clinic, hers.tokens.access_token), false);
  });

  test(`what lies aside is for the browser that asked, once, and never much (${store})`, async (t) => {
    const { clinic, idp } = await world(t, store, { LANYARD_LIMITS_SIGN_INS_PER_ADDRESS: '40' });
    const nora = personOf('nora');
    await declare(clinic, [connectionOf(idp, 'north'), connectionOf(idp, 'open', { allow_idp_initiated: true })]);
    const [mine, theirs] = [await begin(clinic, 'north'), await begin(clinic, 'north')];

    await t.test('another browser cannot fetch it, and neither can two', async () => {
      const xml = answerXml(idp, mine.asked, nora);
      const laid = await post(mine.asked.acs, xml, mine.asked.relay);
      const stranger = await theirs.agent.follow(laid.location, clinic.issuer);
      assert.ok(stranger.status >= 400 && errorCode(stranger.text), stranger.text);
      const late = await mine.agent.follow(laid.location, clinic.issuer);
      assert.ok(late.status >= 400 && errorCode(late.text), late.text);
      const well = await arrive(mine.agent, mine.asked.acs, xml, mine.asked.relay);
      assert.ok((await redeem(clinic, mine, well)).claims, 'the sign-in of the person is still under way');
    });
    await t.test('nor by another connection, nor when it is too old', async () => {
      const flow = await begin(clinic, 'north');
      const xml = answerXml(idp, flow.asked, nora);
      const laid = await post(flow.asked.acs, xml, flow.asked.relay);
      const elsewhere = await flow.agent.send(new URL(laid.location.replace('/sp/north/', '/sp/open/'), clinic.issuer).href);
      assert.ok(elsewhere.status >= 400, elsewhere.text);
      change(clinic, 'UPDATE pushed_request SET expires_at = 1');
      const old = await flow.agent.follow(laid.location, clinic.issuer);
      assert.ok(old.status >= 400, old.text);
    });
    await t.test('an answer of another sign-in, or with its RelayState', async () => {
      for (const [asked, relay] of [[theirs.asked, (flow) => flow.asked.relay], [null, () => theirs.asked.relay], [null, (flow) => `${flow.asked.relay.split('.')[0]}.${theirs.asked.relay.split('.')[1]}`]]) {
        const flow = await begin(clinic, 'north');
        const page = await arrive(flow.agent, flow.asked.acs, answerXml(idp, asked ?? flow.asked, nora), relay(flow));
        assert.ok(page.status >= 400 && errorCode(page.text), page.text);
        assert.equal(page.location, null);
      }
    });
    await t.test('a large one counts as several', async () => {
      const large = `<samlp:Response xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol" InResponseTo="id-of-a-stranger">${'x'.repeat(250000)}</samlp:Response>`;
      const answers = [];
      for (let i = 0; i < 4; i++) answers.push((await post(mine.asked.acs, large, 'x')).status);
      assert.equal(answers.at(-1), 429, answers.join(' '));
      assert.ok(rows(clinic, 'SELECT hash FROM pushed_request').length <= 3);
    });
  });
}
