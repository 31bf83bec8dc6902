// What no library of the other stories does: addresses by index, artifacts, ECP, logout by SOAP, sign-on that begins here;
// and what an assertion says about the session and, for IHE XUA, about the role.
import assert from 'node:assert/strict';
import http from 'node:http';
import { test } from 'node:test';
import { Agent, errorCode } from '../kit/agent.mjs';
import { people, startClinic, stores, until } from '../kit/clinic.mjs';
import { app, claimsOf, events, tokens } from '../kit/hostile.mjs';
import {
  appOf, artifactResolve, authnRequest, bindingOf, classOf, context, envelope, find, findAll, formats, idpCertificate, isSigned, logoutRequest, logoutResponse, nameId, parse, policy, postAcross, postForm, provider,
  readResponse, redirectUrl, registerApps, sentMessage, signOn, signXml, sloUrl, soapPost, ssoUrl, statusOf, walk,
} from '../kit/saml-message.mjs';

const basic = ({ username, password }) => ({ authorization: `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}` });
const refusals = (clinic) => events(clinic).filter((event) => event.type === 'saml.request.deny').map((event) => event.body.reason);
const bodyOf = (answer, name) => find(parse(answer.text), `/soap:Envelope/soap:Body/samlp:${name}`);

// Where an app takes LogoutRequests by SOAP. answers: 'well', 'no' (a status that is none), 'silent' (never).
async function soapListener(answers = 'well') {
  const seen = [];
  const listener = { seen, answers };
  const server = http.createServer((ask, answer) => {
    let text = '';
    ask.on('data', (data) => { text += data; });
    ask.on('end', () => {
      const request = find(parse(text), '/soap:Envelope/soap:Body/samlp:LogoutRequest');
      seen.push({ text, type: ask.headers['content-type'], request, nameId: find(request, './saml:NameID').textContent, index: find(request, './samlp:SessionIndex').textContent });
      if (listener.answers === 'silent') return;
      const xml = logoutResponse(undefined, listener.sp, request.getAttribute('ID'), { destination: null, ...(listener.answers === 'no' ? { status: 'Responder', sub: 'RequestDenied' } : {}) });
      answer.writeHead(200, { 'content-type': 'text/xml' }).end(envelope(listener.bare ? xml : signXml(xml, listener.sp)));
    });
  });
  await new Promise((done) => server.listen(0, '127.0.0.1', done));
  listener.url = `http://localhost:${server.address().port}/slo`;
  listener.stop = () => { server.closeAllConnections(); server.close(); };
  return listener;
}

for (const store of stores) {
  test(`addresses, artifacts, ECP, and sign-on that begins here (${store})`, async (t) => {
    const clinic = await startClinic({ store });
    t.after(() => clinic.stop());
    const certificate = await idpCertificate(clinic);
    const sp = provider('hand', { acs: [['post', 'acs'], ['post', 'second'], ['artifact', 'artifact'], ['paos', 'ecp']] });
    const other = provider('other');
    const is = (overrides = {}) => registerApps(clinic, appOf(sp, overrides), appOf(other));
    is();
    const asked = (more, inside = '') => signOn(new Agent(), ssoUrl(clinic, sp, { more, inside }), certificate);

    await t.test('the answer goes to the address that the metadata has, by index, by URL, or the default', async () => {
      for (const [more, where] of [['', 'acs'], [' AssertionConsumerServiceIndex="1"', 'second'], [` AssertionConsumerServiceURL="${sp.at('second')}"`, 'second'], [` AssertionConsumerServiceURL="${sp.at('second')}" ProtocolBinding="${bindingOf('post')}"`, 'second']]) {
        const answer = await asked(more);
        assert.deepEqual([answer.action, answer.destination, answer.recipient], [sp.at(where), sp.at(where), sp.at(where)], more);
      }
      for (const more of [' AssertionConsumerServiceIndex="7"', ` AssertionConsumerServiceURL="${other.acs}"`, ` AssertionConsumerServiceURL="${sp.acs}/"`, ` AssertionConsumerServiceURL="${sp.acs}" ProtocolBinding="${bindingOf('redirect')}"`,
        ` AssertionConsumerServiceURL="${sp.acs}" ProtocolBinding="${bindingOf('artifact')}"`, ' AssertionConsumerServiceURL="https://evil.example/"']) {
        const page = await new Agent().send(ssoUrl(clinic, sp, { more }));
        assert.deepEqual([page.status, errorCode(page.text), page.location], [400, 'saml_acs', null], more);
      }
    });

    await t.test('a name of another app, and one of a format that is not given, is refused to the app', async () => {
      for (const inside of [policy(formats.persistent, ` SPNameQualifier="${other.entity}"`), policy('urn:oasis:names:tc:SAML:1.1:nameid-format:X509SubjectName')]) {
        assert.equal((await asked('', inside)).status, 'Requester InvalidNameIDPolicy');
      }
      assert.equal((await asked('', policy(formats.persistent, ` SPNameQualifier="${sp.entity}"`))).status, 'Success');
    });

    await t.test('a transient name is one for a session and another for the next', async () => {
      const agent = new Agent();
      const once = () => signOn(agent, ssoUrl(clinic, sp, { inside: policy(formats.transient) }), certificate);
      const [one, two] = [await once(), await once()];
      assert.deepEqual([one.nameId.value, one.sessionIndex], [two.nameId.value, two.sessionIndex]);
      const next = await signOn(new Agent(), ssoUrl(clinic, sp, { inside: policy(formats.transient) }), certificate);
      assert.notEqual(next.nameId.value, one.nameId.value);
    });

    await t.test('the person asked for is the one that comes, or nobody', async () => {
      const agent = new Agent();
      const first = await signOn(agent, ssoUrl(clinic, sp), certificate);
      const subject = (value) => ssoUrl(clinic, sp, { inside: `<saml:Subject>${nameId({ value, format: formats.persistent })}</saml:Subject>` });
      assert.equal((await signOn(agent, subject(first.nameId.value), certificate)).status, 'Success');
      const page = await agent.follow(subject('somebody-else'));
      assert.deepEqual([errorCode(page.text), page.location], ['other_person', null]);
    });

    await t.test('comparison of contexts', async () => {
      const wants = async (...of) => (await asked('', context(...of))).status;
      assert.equal(await wants('minimum', classOf('Password')), 'Success');
      assert.equal(await wants('maximum', classOf('PasswordProtectedTransport')), 'Success');
      assert.equal(await wants('exact', classOf('unspecified')), 'Success');
      assert.equal(await wants('better', classOf('Password')), 'Responder NoAuthnContext');
      assert.equal(await wants('exact', 'https://refeds.org/profile/mfa'), 'Responder NoAuthnContext');
    });

    await t.test('sign-on that begins here is for apps that allow it', async () => {
      const start = `${clinic.issuer}/saml/sso/start?sp=${encodeURIComponent(sp.entity)}&RelayState=${encodeURIComponent('/chart?a=1&b=2')}`;
      const page = await new Agent().send(start);
      assert.deepEqual([page.status, errorCode(page.text)], [400, 'saml_unsupported']);
      is({ allow_idp_initiated: true });
      const answer = await signOn(new Agent(), start, certificate);
      assert.deepEqual([answer.status, answer.inResponseTo, answer.relay, answer.action, answer.asked], ['Success', undefined, '/chart?a=1&b=2', sp.acs, true]);
      const root = parse(answer.xml).documentElement;
      assert.ok(!root.hasAttribute('InResponseTo') && !find(root, './/saml:SubjectConfirmationData').hasAttribute('InResponseTo'));
      const unknown = await new Agent().send(`${clinic.issuer}/saml/sso/start?sp=https%3A%2F%2Fnobody.example`);
      assert.deepEqual([unknown.status, errorCode(unknown.text)], [400, 'client_unknown']);
      is();
    });

    await t.test('an artifact is resolved once, by the app that it is for, with its signature', async () => {
      const agent = new Agent();
      const fetchArtifact = async (relay) => {
        const { page } = await walk(agent, ssoUrl(clinic, sp, { more: ` ProtocolBinding="${bindingOf('artifact')}"` }, { relay }));
        const url = new URL(page.location);
        assert.equal(url.origin + url.pathname, sp.at('artifact'));
        assert.equal(url.searchParams.get('RelayState'), relay);
        const artifact = url.searchParams.get('SAMLart');
        assert.deepEqual([Buffer.from(artifact, 'base64').length, Buffer.from(artifact, 'base64').readUInt16BE(0)], [44, 4]);
        return artifact;
      };
      const resolve = (xml) => soapPost(`${clinic.issuer}/saml/artifact`, xml);
      const emptyFor = async (who, artifact) => {
        const answer = await resolve(signXml(artifactResolve(clinic, who, artifact), who));
        assert.equal(answer.status, 200, answer.text);
        const body = bodyOf(answer, 'ArtifactResponse');
        assert.deepEqual([statusOf(body), find(body, './samlp:Response')], ['Success', undefined]);
      };
      const artifact = await fetchArtifact('to & fro');
      for (const xml of [artifactResolve(clinic, sp, artifact), signXml(artifactResolve(clinic, sp, artifact), sp, { key: other.key })]) {
        const answer = await resolve(xml);
        assert.equal(answer.status, 403, answer.text);
        assert.doesNotMatch(answer.text, /Assertion/);
      }
      await emptyFor(other, artifact);
      const asking = artifactResolve(clinic, sp, artifact);
      const good = await resolve(signXml(asking, sp));
      assert.equal(good.status, 200, good.text);
      const envelope_ = bodyOf(good, 'ArtifactResponse');
      assert.deepEqual([statusOf(envelope_), envelope_.getAttribute('InResponseTo')], ['Success', parse(asking).documentElement.getAttribute('ID')]);
      const response = /<samlp:Response.*<\/samlp:Response>/s.exec(good.text)[0];
      const read = await readResponse(response, certificate);
      assert.deepEqual([read.status, read.recipient, read.attributes['urn:lanyard:attr:practice_id']], ['Success', sp.at('artifact'), ['northside']]);
      await emptyFor(sp, artifact);
      await emptyFor(sp, Buffer.alloc(44, 4).toString('base64'));
      const twice = await fetchArtifact('x');
      const race = await Promise.all(Array.from({ length: 8 }, () => resolve(signXml(artifactResolve(clinic, sp, twice), sp))));
      assert.equal(race.filter((one) => /<saml:Assertion/.test(one.text)).length, 1, 'one of eight has it');
    });

    await t.test('ECP: a client that is no browser signs on with Basic, where that is allowed', async () => {
      const url = `${clinic.issuer}/saml/ecp`;
      const ask = (who, parts = {}) => soapPost(url, signXml(authnRequest(clinic, sp, { destination: null, more: ` ProtocolBinding="${bindingOf('paos')}"`, ...parts }), sp), { headers: who ? basic(who) : {} });
      const refused = await ask(people.ada);
      assert.ok(refused.status >= 400 && refused.status < 500, `${refused.status}`);
      assert.equal(refusals(clinic).at(-1), 'ecp_not_allowed');
      is({ allow_ecp: true });
      for (const who of [null, { ...people.ada, password: 'wrong' }, { username: 'nobody@northside.example', password: 'x' }, { ...people.ada, username: 'henry@riverside.example' }, { ...people.ada, username: 'dana@northside.example' }]) {
        const answer = await ask(who);
        assert.deepEqual([answer.status, answer.headers.get('www-authenticate')], [401, 'Basic realm="Lanyard", charset="UTF-8"'], who?.username);
        assert.doesNotMatch(answer.text, /Assertion/);
      }
      const good = await ask(people.ada);
      assert.equal(good.status, 200, good.text);
      assert.equal(good.headers.get('content-type'), 'application/vnd.paos+xml');
      const header = find(parse(good.text), '/soap:Envelope/soap:Header/ecp:Response');
      assert.equal(header.getAttribute('AssertionConsumerServiceURL'), sp.at('ecp'));
      const read = await readResponse(/<samlp:Response.*<\/samlp:Response>/s.exec(good.text)[0], certificate);
      assert.deepEqual([read.status, read.recipient, read.attributes['urn:lanyard:attr:practice_id']], ['Success', sp.at('ecp'), ['northside']]);
      is();
    });

    await t.test('a request is answered once, and a logout taken once, however many come at the same moment', async () => {
      const agent = new Agent();
      const known = await signOn(agent, ssoUrl(clinic, sp), certificate);
      const crowd = async (url) => (await Promise.all(Array.from({ length: 12 }, () => agent.send(url)))).map((page) => errorCode(page.text) ?? 'done').toSorted();
      assert.deepEqual(await crowd(ssoUrl(clinic, sp)), ['done', ...Array(11).fill('saml_replayed')]);
      const outcome = await crowd(redirectUrl(`${clinic.issuer}/saml/slo`, logoutRequest(clinic, sp, known), { key: sp.key }));
      assert.deepEqual(outcome, ['done', ...Array(11).fill('saml_replayed')]);
    });

    await t.test('AES-256-GCM or nothing: an app that always wants encryption gets no clear text', async () => {
      const locked = provider('locked', { encryption: true });
      registerApps(clinic, appOf(locked, { encrypt: 'always' }));
      const answer = await signOn(new Agent(), ssoUrl(clinic, locked), certificate, { key: locked.key });
      assert.deepEqual([answer.encrypted, answer.nameId.format, answer.methods[0]], [true, formats.persistent, 'http://www.w3.org/2009/xmlenc11#aes256-gcm']);
      assert.doesNotMatch(answer.xml, /Okafor/);
    });

    await t.test('IHE XUA: role and purpose are HL7 CE elements', async () => {
      registerApps(clinic, appOf(sp, { attributes: [{ preset: 'xua' }] }));
      const who = { ...people.ada, username: 'priya@northside.example' };
      const answer = await signOn(new Agent(), ssoUrl(clinic, sp), certificate, { who });
      const valueOf = (name) => findAll(parse(answer.xml), `//saml:Attribute[@Name='${name}']/saml:AttributeValue/*`);
      const roles = valueOf('urn:oasis:names:tc:xacml:2.0:subject:role').map((one) => [one.namespaceURI, one.localName, one.getAttribute('xsi:type'), one.getAttribute('code'), one.getAttribute('codeSystemName')]);
      assert.deepEqual(roles.toSorted(), ['assigned-biller', 'provider'].map((code) => ['urn:hl7-org:v3', 'Role', 'CE', code, 'Lanyard roles']));
      const [purpose] = valueOf('urn:oasis:names:tc:xspa:1.0:subject:purposeofuse');
      assert.deepEqual([purpose.localName, purpose.getAttribute('code'), purpose.getAttribute('codeSystem')], ['PurposeOfUse', 'TREAT', '2.16.840.1.113883.5.8']);
      assert.deepEqual(answer.attributes['urn:oasis:names:tc:xspa:1.0:subject:organization'], ['Northside Family Clinic']);
      is();
    });

    await t.test('the assertion ends when the session does, as the ID token of the same session says', async () => {
      const agent = new Agent();
      const answer = await signOn(agent, ssoUrl(clinic, sp), certificate);
      const applied = clinic.apply({ apps: [app('story')] });
      assert.equal(applied.code, 0, applied.err);
      const claims = claimsOf((await tokens(clinic, agent)).id_token);
      assert.equal(Date.parse(answer.sessionEnds) / 1000, claims.session_expiry);
      assert.equal(Date.parse(answer.authnInstant) / 1000, claims.auth_time);
      assert.equal(answer.class, classOf('PasswordProtectedTransport'));
    });
  });

  test(`logout by SOAP and by browser, of several apps (${store})`, async (t) => {
    const clinic = await startClinic({ store });
    const listener = await soapListener();
    t.after(async () => { listener.stop(); await clinic.stop(); });
    const certificate = await idpCertificate(clinic);
    const [one, two] = [provider('one', { slo: [['soap', 'soap'], ['redirect', 'slo']] }), provider('two', { slo: [['soap', listener.url]] })];
    const form = provider('form', { slo: [['post', 'slo']] });
    listener.sp = two;
    // The app that asks is not told; its SOAP address is there for nobody.
    registerApps(clinic, appOf(one), appOf(two), appOf(form));
    const both = async (agent) => [await signOn(agent, ssoUrl(clinic, one), certificate), await signOn(agent, ssoUrl(clinic, two), certificate)];
    const gone = async (agent) => (await signOn(agent, ssoUrl(clinic, one, { more: ' IsPassive="true"' }), certificate)).status === 'Responder NoPassive';
    const slo = (xml) => soapPost(`${clinic.issuer}/saml/slo/soap`, xml);
    const ordered = (known, parts = {}, who = one) => slo(signXml(logoutRequest(clinic, who, known, { soap: true, ...parts }), who));

    await t.test('an app ends the session by SOAP; the other app is told by SOAP and confirms', async () => {
      const agent = new Agent();
      const [mine, theirs] = await both(agent);
      const began = listener.seen.length;
      const answer = await ordered(mine);
      assert.equal(answer.status, 200, answer.text);
      const body = bodyOf(answer, 'LogoutResponse');
      assert.equal(statusOf(body), 'Success');
      assert.ok(isSigned(/<samlp:LogoutResponse.*<\/samlp:LogoutResponse>/s.exec(answer.text)[0], parse(/<samlp:LogoutResponse.*<\/samlp:LogoutResponse>/s.exec(answer.text)[0]).documentElement, certificate));
      const told = listener.seen.slice(began);
      assert.deepEqual(told.map(({ nameId: name, index }) => [name, index]), [[theirs.nameId.value, theirs.sessionIndex]]);
      const xml = /<samlp:LogoutRequest.*<\/samlp:LogoutRequest>/s.exec(told[0].text)[0];
      assert.ok(isSigned(xml, parse(xml).documentElement, certificate), 'what we ask is signed');
      assert.ok(await gone(agent));
      const again = await ordered(mine);
      assert.deepEqual([again.status, statusOf(bodyOf(again, 'LogoutResponse'))], [200, 'Success'], 'what is over is over');
    });

    await t.test('an app ends the session by redirect and by a form; the answer has what it asked with', async () => {
      const agent = new Agent();
      let [mine] = await both(agent);
      let back = await agent.follow(sloUrl(clinic, one, mine, {}, { relay: 'r & s' }));
      let message = sentMessage(back);
      assert.deepEqual([message.to, message.relay, statusOf(parse(message.xml).documentElement)], [one.at('slo'), 'r & s', 'Success']);
      assert.ok(await gone(agent));

      mine = await signOn(agent, ssoUrl(clinic, form), certificate);
      const asked = logoutRequest(clinic, form, mine);
      const ended = await postAcross(`${clinic.issuer}/saml/slo`, postForm(signXml(asked, form), 'r & s'));
      assert.equal(ended.status, 303, ended.text);
      back = await agent.follow(ended.location);
      message = sentMessage(back);
      const root = parse(message.xml).documentElement;
      assert.deepEqual([message.to, message.relay, statusOf(root), root.getAttribute('InResponseTo')], [form.slo, 'r & s', 'Success', parse(asked).documentElement.getAttribute('ID')]);
      assert.ok(isSigned(message.xml, root, certificate));
      assert.ok(await gone(agent), 'though no cookie came with the form');
    });

    await t.test('a fresh sign-in for one app does not hide the session from the other', async () => {
      const agent = new Agent();
      const theirs = await signOn(agent, ssoUrl(clinic, two), certificate);
      const mine = await signOn(agent, ssoUrl(clinic, one, { more: ' ForceAuthn="true"' }), certificate);
      assert.ok(mine.asked);
      const began = listener.seen.length;
      const answer = await ordered(mine);
      assert.equal(statusOf(bodyOf(answer, 'LogoutResponse')), 'Success');
      assert.ok(await gone(agent));
      assert.deepEqual(listener.seen.slice(began).map(({ index }) => index), [theirs.sessionIndex]);
    });

    await t.test('without an index the browser that asks is meant', async () => {
      const agent = new Agent();
      const [mine] = await both(agent);
      const back = await agent.follow(sloUrl(clinic, one, { nameId: mine.nameId }));
      assert.equal(statusOf(parse(sentMessage(back).xml).documentElement), 'Success');
      assert.ok(await gone(agent));
    });

    await t.test("another person's name with an index, another app's index, and no signature end nothing", async () => {
      const [agent, stranger] = [new Agent(), new Agent()];
      const [mine] = await both(agent);
      const fiona = { ...people.ada, username: 'fiona@northside.example' };
      const hers = await signOn(stranger, ssoUrl(clinic, one), certificate, { who: fiona });
      for (const xml of [logoutRequest(clinic, one, { ...mine, nameId: hers.nameId }, { soap: true }), logoutRequest(clinic, one, { ...mine, sessionIndex: '1.AAAA' }, { soap: true })]) {
        const answer = await slo(signXml(xml, one));
        assert.equal(answer.status, 400, answer.text);
      }
      assert.equal((await slo(logoutRequest(clinic, one, mine, { soap: true }))).status, 403);
      // Known to another app by this index: for it, nothing is there.
      const foreign = await slo(signXml(logoutRequest(clinic, two, mine, { soap: true }), two));
      assert.ok([200, 400].includes(foreign.status), foreign.text);
      assert.ok(!(await gone(agent)) && !(await gone(stranger)));
    });

    for (const [name, answers, before] of [
      ['refuses', 'no'], ['does not answer', 'silent'], ['is down', 'well', () => listener.stop()],
    ]) {
      await t.test(`PartialLogout within ten seconds when the other app ${name}`, async () => {
        listener.answers = answers;
        const agent = new Agent();
        const [mine] = await both(agent);
        before?.();
        const began = Date.now();
        const answer = await ordered(mine);
        const took = Date.now() - began;
        assert.equal(statusOf(bodyOf(answer, 'LogoutResponse')), 'Success PartialLogout', answer.text);
        assert.ok(took < 10000, `${took} ms`);
        assert.ok(await gone(agent), 'the session ended here all the same');
        listener.answers = 'well';
      });
    }

    await t.test('PartialLogout by redirect as well', async () => {
      const agent = new Agent();
      const [mine] = await both(agent);
      const began = Date.now();
      const back = await agent.follow(sloUrl(clinic, one, mine));
      assert.equal(statusOf(parse(sentMessage(back).xml).documentElement), 'Success PartialLogout');
      assert.ok(Date.now() - began < 10000);
    });

    await t.test('an answer to a request that is not ours is refused, and a signed one changes nothing for others', async () => {
      const answer = await new Agent().send(redirectUrl(`${clinic.issuer}/saml/slo`, logoutResponse(`${clinic.issuer}/saml/slo`, one, '_not-a-request-of-this-server'), { field: 'SAMLResponse', key: one.key }));
      assert.deepEqual([answer.status, errorCode(answer.text)], [400, 'saml_logout']);
    });
  });
}

// One process alone serves SQLite.
if (stores.includes('postgresql')) test('two nodes answer as one: requests posted to either, artifacts resolved at the other, one answer to one request', async (t) => {
  const clinic = await startClinic({ store: 'postgresql', nodes: 2 });
  t.after(() => clinic.stop());
  const certificate = await idpCertificate(clinic);
  const sp = provider('both-nodes', { acs: [['post', 'acs'], ['artifact', 'artifact']] });
  registerApps(clinic, appOf(sp));
  const at = (n, url) => url.replace(clinic.issuer, clinic.bases[n]);
  await until('the second node to know the app', async () => (await postAcross(at(1, `${clinic.issuer}/saml/sso`), postForm(authnRequest(clinic, sp)))).status === 303);

  // Both nodes are one host to a browser: it has one set of cookies for them.
  const agent = new Agent();
  agent.jars.set(new URL(clinic.bases[1]).host, agent.jar(clinic.bases[0]));
  const first = await signOn(agent, await postAcross(at(1, `${clinic.issuer}/saml/sso`), postForm(authnRequest(clinic, sp))), certificate);
  assert.equal(first.status, 'Success');
  const { page } = await walk(agent, ssoUrl(clinic, sp, { more: ` ProtocolBinding="${bindingOf('artifact')}"` }));
  const artifact = new URL(page.location).searchParams.get('SAMLart');
  const resolve = (n) => soapPost(at(n, `${clinic.issuer}/saml/artifact`), signXml(artifactResolve(clinic, sp, artifact), sp));
  const both = await Promise.all([resolve(0), resolve(1), resolve(0), resolve(1)]);
  assert.equal(both.filter((one) => /<saml:Assertion/.test(one.text)).length, 1);
  const url = ssoUrl(clinic, sp);
  const answers = await Promise.all([agent.send(url), agent.send(at(1, url)), agent.send(url), agent.send(at(1, url))]);
  assert.deepEqual(answers.map((one) => errorCode(one.text) ?? 'done').toSorted(), ['done', ...Array(3).fill('saml_replayed')]);
  const ended = await soapPost(at(1, `${clinic.issuer}/saml/slo/soap`), signXml(logoutRequest(clinic, sp, first, { soap: true }), sp));
  assert.equal(statusOf(bodyOf(ended, 'LogoutResponse')), 'Success');
  assert.equal((await signOn(agent, ssoUrl(clinic, sp, { more: ' IsPassive="true"' }), certificate)).status, 'Responder NoPassive');
});
