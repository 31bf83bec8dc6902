// samlify: metadata of its own making, sign-on by redirect and form, encrypted assertions, logout from either side.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Constants, IdentityProvider, ServiceProvider, setSchemaValidator } from 'samlify';
import { Agent } from '../kit/agent.mjs';
import { people, startClinic, stores } from '../kit/clinic.mjs';
import { answerForm, appOf, formats, idpCertificate, isSigned, parse, postAcross, provider, readResponse, registerApps, sentMessage, walk } from '../kit/saml-message.mjs';
import { metadataOf, practiceOf, rolesAtOf } from '../kit/saml.mjs';

// The library asks for a judge of form; what it is given here must at least be XML.
setSchemaValidator({ validate: async (xml) => (parse(xml) ? 'well formed' : Promise.reject(new Error('not XML'))) });

const { redirect, post } = Constants.namespace.binding;

function libraryOf(sp, { logout = redirect, ...overrides } = {}) {
  return ServiceProvider({
    entityID: sp.entity, authnRequestsSigned: true, wantAssertionsSigned: true, wantLogoutRequestSigned: true, wantLogoutResponseSigned: true,
    privateKey: sp.key, encPrivateKey: sp.key, signingCert: sp.certificate, requestSignatureAlgorithm: Constants.algorithms.signature.RSA_SHA256,
    nameIDFormat: [formats.persistent], assertionConsumerService: [{ Binding: post, Location: sp.acs, isDefault: true }],
    singleLogoutService: [{ Binding: logout, Location: sp.slo }], ...overrides,
  });
}

// What samlify's own copy of our metadata must say: that requests are to be signed, or an app that signs them refuses to;
// and, for messages by redirect, one certificate, the current one: of two it reads neither.
async function identity(clinic, overrides = {}) {
  let keys = 0;
  const metadata = (await metadataOf(clinic)).replace('WantAuthnRequestsSigned="false"', 'WantAuthnRequestsSigned="true"')
    .replace(/<md:KeyDescriptor use="signing">.*?<\/md:KeyDescriptor>/gs, (key) => (keys++ === 0 ? key : ''));
  assert.equal(keys, 2, 'the current certificate and the next');
  return IdentityProvider({ metadata, wantLogoutRequestSigned: true, wantLogoutResponseSigned: true, ...overrides });
}

// What the library signs is the query as it stands.
const queryOf = (address) => {
  const { search, searchParams } = new URL(address);
  return { query: Object.fromEntries(searchParams), octetString: search.slice(1, search.indexOf('&Signature=')) };
};

for (const store of stores) {
  test(`samlify signs staff in and out (${store})`, async (t) => {
    const clinic = await startClinic({ store });
    t.after(() => clinic.stop());
    const [byRedirect, byForm, secret] = [provider('samlify-redirect'), provider('samlify-form'), provider('samlify-secret')];
    const one = libraryOf(byRedirect);
    const two = libraryOf(byForm, { logout: post });
    const three = libraryOf(secret, { encryptCert: secret.certificate });
    for (const [sp, library] of [[byRedirect, one], [byForm, two], [secret, three]]) registerApps(clinic, appOf({ ...sp, metadata: library.getMetadata() }, { require_signed_requests: true, sign: sp === byForm ? 'both' : 'assertion' }));
    const idp = await identity(clinic);
    const encrypting = await identity(clinic, { isAssertionEncrypted: true });
    const certificate = await idpCertificate(clinic);

    const signOn = async (library, agent, { relay = '', form = false, from = idp } = {}) => {
      const begun = library.createLoginRequest(from, form ? 'post' : 'redirect', { relayState: relay });
      const start = form ? await postAcross(begun.entityEndpoint, { SAMLRequest: begun.context, RelayState: relay }) : begun.context;
      const { page, asked } = await walk(agent, start);
      const answer = answerForm(page);
      assert.ok(answer, `${page.status} ${page.text.slice(0, 1500)}`);
      const { extract } = await library.parseLoginResponse(from, 'post', { body: { SAMLResponse: answer.fields.SAMLResponse } });
      assert.equal(extract.response.inResponseTo, begun.id);
      return { extract, asked, relay: answer.relay, xml: answer.xml };
    };

    for (const [name, library, form] of [['redirect', one, false], ['a form', two, true]]) {
      await t.test(`sign-on over ${name}: attributes, RelayState, no second password`, async () => {
        const agent = new Agent();
        const { extract, asked, relay } = await signOn(library, agent, { form, relay: 'desk 4 & 5' });
        assert.deepEqual([asked, relay, extract.attributes[practiceOf], extract.attributes[rolesAtOf].toSorted()], [true, 'desk 4 & 5', 'northside', ['main:provider', 'west:manager']]);
        assert.equal(extract.audience, library.entityMeta.getEntityID());
        assert.equal((await signOn(library, agent, { form })).asked, false);
      });
    }

    await t.test('one password for all three, each with a name of its own', async () => {
      const agent = new Agent();
      const answers = [await signOn(one, agent), await signOn(two, agent, { form: true }), await signOn(three, agent, { from: encrypting })];
      assert.deepEqual(answers.map(({ asked }) => asked), [true, false, false]);
      assert.equal(new Set(answers.map(({ extract }) => extract.nameID)).size, 3);
      assert.equal(new Set(answers.map(({ extract }) => extract.sessionIndex.sessionIndex)).size, 3);
    });

    await t.test('an assertion for an app with an encryption key is encrypted with AES-256-GCM and RSA-OAEP, and samlify reads it', async () => {
      const { extract, xml } = await signOn(three, new Agent(), { from: encrypting });
      assert.doesNotMatch(xml, /Okafor|northside|ada@/);
      assert.deepEqual([extract.attributes[practiceOf], extract.attributes['urn:oid:2.16.840.1.113730.3.1.241']], ['northside', 'Ada Okafor']);
      const read = await readResponse(xml, certificate, { key: secret.key });
      assert.deepEqual(read.methods, ['http://www.w3.org/2009/xmlenc11#aes256-gcm', 'http://www.w3.org/2001/04/xmlenc#rsa-oaep-mgf1p']);
      assert.deepEqual([read.encrypted, read.signedAssertion, read.nameId.value], [true, true, extract.nameID]);
      await assert.rejects(readResponse(xml, certificate, { key: byForm.key }), 'nobody else opens it');
    });

    await t.test('a changed assertion, and one for another app, is not believed', async () => {
      const { page } = await walk(new Agent(), one.createLoginRequest(idp, 'redirect').context);
      const { xml, fields } = answerForm(page);
      const changed = Buffer.from(xml.replace('main:provider', 'main:owner')).toString('base64');
      await assert.rejects(one.parseLoginResponse(idp, 'post', { body: { SAMLResponse: changed } }));
      await one.parseLoginResponse(idp, 'post', { body: fields });
    });

    await t.test('signing out at the app by redirect', async () => {
      const agent = new Agent();
      const { extract } = await signOn(one, agent);
      const order = one.createLogoutRequest(idp, 'redirect', { logoutNameID: extract.nameID, sessionIndex: extract.sessionIndex.sessionIndex });
      const back = await agent.follow(order.context);
      assert.ok(back.location, `${back.status} ${back.text}`);
      const { extract: done } = await one.parseLogoutResponse(idp, 'redirect', queryOf(back.location));
      assert.equal(done.response.inResponseTo, order.id);
      assert.equal((await signOn(one, agent)).asked, true);
    });

    await t.test('signing out at the app by a form', async () => {
      const agent = new Agent();
      const { extract } = await signOn(two, agent, { form: true });
      const order = two.createLogoutRequest(idp, 'post', { logoutNameID: extract.nameID, sessionIndex: extract.sessionIndex.sessionIndex });
      const ended = await postAcross(order.entityEndpoint, { SAMLRequest: order.context });
      const back = await agent.follow(ended.location);
      const { xml, to } = sentMessage(back);
      assert.equal(to, byForm.slo);
      assert.ok(isSigned(xml, parse(xml).documentElement, certificate));
      const { extract: done } = await two.parseLogoutResponse(idp, 'post', { body: { SAMLResponse: Buffer.from(xml).toString('base64') } });
      assert.equal(done.response.inResponseTo, order.id);
      assert.equal((await signOn(two, agent, { form: true })).asked, true);
    });

    await t.test('signing out here is told to each in a frame, by redirect and by form, and their answers are taken', async () => {
      const agent = new Agent();
      const known = [await signOn(one, agent), await signOn(two, agent, { form: true })];
      let page = await agent.follow(`${clinic.issuer}/logout`);
      if (/id="logout-confirm"/.test(page.text)) page = await agent.submit(page, {});
      const frames = [...page.text.matchAll(/<iframe[^>]*\ssrc="([^"]*)"/g)].map(([, source]) => new URL(source.replace(/&amp;/g, '&'), page.url).href);
      assert.equal(frames.length, 2);
      const first = frames.find((url) => url.startsWith(byRedirect.slo));
      const { extract: asked } = await one.parseLogoutRequest(idp, 'redirect', queryOf(first));
      assert.equal(asked.nameID, known[0].extract.nameID);
      const answer = one.createLogoutResponse(idp, { extract: asked }, 'redirect');
      assert.match((await agent.follow(answer.context)).text, /id="logged-out"/);

      const form = await agent.send(frames.find((url) => url.startsWith(clinic.issuer)));
      const { xml, to } = sentMessage(form);
      assert.equal(to, byForm.slo);
      const { extract: posted } = await two.parseLogoutRequest(idp, 'post', { body: { SAMLRequest: Buffer.from(xml).toString('base64') } });
      assert.deepEqual([posted.nameID, posted.sessionIndex], [known[1].extract.nameID, known[1].extract.sessionIndex.sessionIndex]);
      const reply = two.createLogoutResponse(idp, { extract: posted }, 'post');
      const taken = await postAcross(reply.entityEndpoint, { SAMLResponse: reply.context });
      assert.equal(taken.status, 303, taken.text);
      assert.equal((await agent.send(frames.find((url) => url.startsWith(clinic.issuer)))).status, 400, 'told once');
    });

    await t.test('another person is another name', async () => {
      const mine = (await signOn(one, new Agent())).extract.nameID;
      const { page } = await walk(new Agent(), one.createLoginRequest(idp, 'redirect').context, { who: { ...people.ada, username: 'marco@northside.example' } });
      assert.notEqual((await one.parseLoginResponse(idp, 'post', { body: answerForm(page).fields })).extract.nameID, mine);
    });
  });
}
