// A SAML provider's logout ends the sessions that came from there, by redirect, by form and behind the browser's back; what is
// unsigned, stale, foreign or said twice has no effect (security.md D12). Where the connection says so, our sign-out goes there.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Agent, errorCode } from '../kit/agent.mjs';
import { startClinic, stores } from '../kit/clinic.mjs';
import { app, events, register, tokens as ownTokens } from '../kit/hostile.mjs';
import { signOutHere } from '../kit/saml.mjs';
import { algorithms, find, formats, isSigned, logoutRequest, logoutResponse, parse, postForm, redirectUrl, sentMessage, signXml, signXmlSha1, soapPost, statusOf, textOf } from '../kit/saml-message.mjs';
import { command, isActive } from '../kit/upstream.mjs';
import { connectionOf, declare, ourSide, personOf, signInBy, startProvider } from '../kit/upstream-saml.mjs';

// So many sessions were ended by providers.
const ended = (clinic) => events(clinic).filter((event) => event.type === 'upstream.logout').reduce((sum, { body }) => sum + (body.ext?.sessions ?? 1), 0);

async function world(t, store) {
  const clinic = await startClinic({ store });
  const [idp, other] = [await startProvider('northidp'), await startProvider('otheridp')];
  t.after(async () => { idp.stop(); other.stop(); await clinic.stop(); });
  register(clinic, app('story'));
  await declare(clinic, [connectionOf(idp, 'north'), connectionOf(other, 'other'), connectionOf(idp, 'told', { upstream_logout: true })]);
  const slo = `${clinic.issuer}/saml/sp/north/slo`;
  let sessions = 0;
  // A session that came from there, and what the provider knows of it.
  const come = async (connection = 'north', from = idp, person = personOf('nora')) => {
    const sessionIndex = `index-${++sessions}-${connection}`;
    const flow = await signInBy(clinic, from, connection, person, { assertion: { statement: { sessionIndex } } });
    assert.ok(flow.tokens, flow.page.text);
    const alive = () => isActive(clinic, flow.tokens.access_token);
    assert.equal(await alive(), true);
    return { ...flow, alive, known: { nameId: { value: person.subject, format: formats.persistent }, sessionIndex } };
  };
  const request = (known, parts = {}, from = idp) => logoutRequest(clinic, from, known, { destination: slo, ...parts });
  const byRedirect = (xml, how = {}) => redirectUrl(slo, xml, { key: idp.key, ...how });
  return { clinic, idp, other, slo, come, request, byRedirect };
}

const spoiled = (url, change) => { const at = new URL(url); change(at.searchParams); return at.href; };

// [what, how it is sent: { url } | { form } | { soap, at }]: sound but for one thing.
function withoutEffect({ clinic, idp, other, slo, request, byRedirect }, { known }) {
  const soap = `${slo}/soap`;
  const posted = (xml) => ({ form: postForm(xml) });
  const spoken = (xml, at = soap) => ({ soap: xml, at });
  return [
    ['without signature', { url: redirectUrl(slo, request(known)) }],
    ['its signature taken off', { url: spoiled(byRedirect(request(known)), (query) => { query.delete('Signature'); query.delete('SigAlg'); }) }],
    ["with another provider's key", { url: byRedirect(request(known), { key: other.key }) }],
    ["another provider's own", { url: byRedirect(request(known, {}, other), { key: other.key }) }],
    ["in this provider's name at another connection's address", { url: redirectUrl(slo.replace('/north/', '/other/'), request(known, { destination: slo.replace('/north/', '/other/') }), { key: idp.key }) }],
    ["of another provider at its own address, for this person", { url: redirectUrl(slo.replace('/north/', '/other/'), request(known, { destination: slo.replace('/north/', '/other/') }, other), { key: other.key }) }],
    ['an hour old', { url: byRedirect(request(known, { instant: -3600 })) }],
    ['of the next hour', { url: byRedirect(request(known, { instant: 3600 })) }],
    ['that has ended', { url: byRedirect(request(known, { more: ' NotOnOrAfter="2020-01-01T00:00:00Z"' })) }],
    ['for another Destination', { url: byRedirect(request(known, { destination: `${clinic.issuer}/saml/slo` })) }],
    ['signed and without Destination', { url: byRedirect(request(known, { destination: null })) }],
    ['signed with SHA-1', { url: byRedirect(request(known), { algorithm: algorithms.sha1, hash: 'RSA-SHA1' }) }],
    ['with another message under its signature', { url: spoiled(byRedirect(request(known)), (query) => query.set('SAMLRequest', new URL(byRedirect(request(known))).searchParams.get('SAMLRequest'))) }],
    ['of another issuer', { url: byRedirect(request(known, { issuer: 'https://nobody.example/' })) }],
    ['for another person', { url: byRedirect(request({ ...known, nameId: { ...known.nameId, value: 'subject-of-else' } })) }],
    ['for another session', { url: byRedirect(request({ ...known, sessionIndex: 'index-of-else' })) }],
    ['without a name', { url: byRedirect(request(known, { inside: '<samlp:SessionIndex>x</samlp:SessionIndex>' })) }],
    ['by a form, without signature', posted(request(known))],
    ["by a form, with another provider's key", posted(signXml(request(known), { key: other.key }))],
    ['by a form, signed with SHA-1', posted(signXmlSha1(request(known), idp))],
    ['by a form, with a document type', posted(`<!DOCTYPE x>${signXml(request(known), idp)}`)],
    ['by a form, changed after signing', posted(signXml(request({ ...known, sessionIndex: 'index-of-else' }), idp).replace('index-of-else', known.sessionIndex))],
    ['by SOAP, without signature', spoken(request(known, { destination: soap }))],
    ["by SOAP, with another provider's key", spoken(signXml(request(known, { destination: soap }), { key: other.key }))],
    ['by SOAP, an hour old', spoken(signXml(request(known, { destination: soap, instant: -3600 }), idp))],
    ['by SOAP, twice in one envelope', spoken(signXml(request(known, { destination: soap }), idp) + signXml(request(known, { destination: soap }), idp))],
    ["by SOAP, at another connection's address", spoken(signXml(request(known, { destination: soap.replace('/north/', '/other/') }), idp), soap.replace('/north/', '/other/'))],
  ];
}

async function send({ slo }, { url, form, soap, at }) {
  if (soap) return soapPost(at, soap);
  const agent = new Agent();
  return url ? agent.follow(url) : agent.follow(slo, undefined, { method: 'POST', form });
}

// Our answer to the provider's logout, which a browser carries back.
function answerOf(page, idp, signingKey) {
  assert.ok(page.location || /name="SAMLResponse"/.test(page.text), `${page.status} ${page.text.slice(0, 1000)}`);
  const { field, xml, relay, to } = sentMessage(page);
  assert.deepEqual([field, to], ['SAMLResponse', `${idp.base}/slo`]);
  const root = parse(xml).documentElement;
  if (page.location) assert.ok(new URL(page.location).searchParams.get('Signature'));
  else assert.ok(isSigned(xml, root, signingKey));
  return { status: statusOf(root), inResponseTo: root.getAttribute('InResponseTo'), issuer: textOf(root, './saml:Issuer'), relay };
}
const idOf = (xml) => / ID="([^"]+)"/.exec(xml)[1];

for (const store of stores) {
  test(`logout at the provider ends the session here (${store})`, async (t) => {
    const kit = await world(t, store);
    const { clinic, idp, other, come, request, byRedirect, slo } = kit;
    const side = await ourSide(clinic, 'north');
    const foreign = await come('other', other, personOf('frida'));
    const local = await ownTokens(clinic, new Agent(), { tenant: 'northside' });
    const others = async () => assert.deepEqual([await foreign.alive(), await isActive(clinic, local.access_token)], [true, true]);

    await t.test('no effect', async (one) => {
      const session = await come();
      for (const [what, sent] of withoutEffect(kit, session)) {
        await one.test(what, async () => {
          const before = ended(clinic);
          await send(kit, sent);
          assert.equal(await session.alive(), true, what);
          assert.equal(ended(clinic), before);
        });
      }
      await one.test('and the right one has', async () => {
        await session.agent.follow(byRedirect(request(session.known)));
        assert.equal(await session.alive(), false);
        await others();
      });
    });

    await t.test('by redirect, in the browser: that session and no other, and we answer so', async () => {
      const [session, second] = [await come(), await come()];
      const xml = request(session.known);
      const page = await session.agent.follow(redirectUrl(slo, xml, { key: idp.key, relay: 'there' }));
      assert.deepEqual(answerOf(page, idp, side.signing[0]), { status: 'Success', inResponseTo: idOf(xml), issuer: side.entity, relay: 'there' });
      assert.deepEqual([await session.alive(), await second.alive()], [false, true]);
      await others();

      const again = await second.agent.follow(redirectUrl(slo, xml, { key: idp.key, relay: 'there' }));
      assert.ok(!/status:Success/.test(again.text) || errorCode(again.text));
      assert.equal(await second.alive(), true, 'the same message again');
    });

    await t.test('by a form of another site, whose cookies do not come along', async () => {
      const session = await come();
      const xml = signXml(request(session.known), idp);
      const page = await new Agent().follow(slo, undefined, { method: 'POST', form: postForm(xml, 'there') });
      assert.equal(answerOf(page, idp, side.signing[0]).status, 'Success');
      assert.equal(await session.alive(), false);
      await others();
    });

    await t.test('by SOAP, without a browser, and once', async () => {
      const [session, second] = [await come(), await come()];
      const xml = signXml(request(session.known, { destination: `${slo}/soap` }), idp);
      const answer = await soapPost(`${slo}/soap`, xml);
      assert.equal(answer.status, 200, answer.text);
      const response = find(parse(answer.text), '//samlp:LogoutResponse');
      assert.deepEqual([statusOf(response), response.getAttribute('InResponseTo')], ['Success', idOf(xml)]);
      assert.deepEqual([await session.alive(), await second.alive()], [false, true]);
      const again = await soapPost(`${slo}/soap`, xml);
      assert.doesNotMatch(again.text, /status:Success/);
      assert.equal(await second.alive(), true);
    });

    await t.test('without an index: all sessions of that person from there', async () => {
      const all = [await come(), await come()];
      const xml = signXml(request({ nameId: all[0].known.nameId }, { destination: `${slo}/soap` }), idp);
      assert.equal((await soapPost(`${slo}/soap`, xml)).status, 200);
      for (const session of all) assert.equal(await session.alive(), false);
      await others();
    });

    await t.test('a person there who has no session here: said so kindly, and nobody else is signed out', async () => {
      const page = await new Agent().follow(byRedirect(request({ nameId: { value: 'subject-of-nobody', format: formats.persistent } })));
      assert.ok(page.status < 500, page.text);
      await others();
    });

    await t.test('what was disabled takes its sessions along', async () => {
      const session = await come();
      assert.equal((await command(clinic, 'connection', 'disable', 'north')).code, 0);
      assert.equal(await session.alive(), false);
      await others();
      assert.equal((await command(clinic, 'connection', 'enable', 'north')).code, 0);
      await come();
    });
  });

  test(`signing out here goes to the provider where the connection says so (${store})`, async (t) => {
    const kit = await world(t, store);
    const { clinic, idp, other, come } = kit;
    const uma = personOf('uma');
    const leave = async (session) => {
      const { page } = await signOutHere(session.agent, clinic);
      assert.equal(await session.alive(), false, 'ended here first');
      return page;
    };
    // From our last page by its link.
    const onward = (agent, page) => {
      const [tag] = /<a id="continue"[^>]*>/.exec(page.text) ?? assert.fail(page.text);
      return agent.follow(new URL(/href="([^"]*)"/.exec(tag)[1].replace(/&amp;/g, '&'), page.url).href);
    };
    const there = `${clinic.issuer}/saml/sp/told/slo`;

    await t.test('where it does not say so, the page is ours', async () => {
      const page = await leave(await come('north'));
      assert.match(page.text, /id="logged-out"/);
    });

    await t.test('the request names the person and the session, signed, and the answer leads to our page', async () => {
      const session = await come('told', idp, uma);
      const page = await onward(session.agent, await leave(session));
      const { xml, to, relay } = sentMessage(page);
      const root = parse(xml).documentElement;
      assert.deepEqual([to, root.localName, textOf(root, './saml:NameID'), textOf(root, './samlp:SessionIndex'), root.getAttribute('Destination')], [`${idp.base}/slo`, 'LogoutRequest', uma.subject, session.known.sessionIndex, `${idp.base}/slo`]);
      assert.ok(new URL(page.location).searchParams.get('Signature'));
      const back = logoutResponse(there, idp, root.getAttribute('ID'));
      const end = await session.agent.follow(redirectUrl(there, back, { field: 'SAMLResponse', key: idp.key, relay }));
      assert.match(end.text, /id="logged-out"/);
    });

    await t.test('whatever answers, or nobody asked for, leads to our page and changes nothing', async () => {
      const session = await come('told', idp, uma);
      const bystander = await come('told', idp, personOf('vera'));
      const { xml, relay } = sentMessage(await onward(session.agent, await leave(session)));
      const before = events(clinic).length;
      for (const [key, inResponseTo] of [[other.key, idOf(xml)], [idp.key, '_0123456789abcdef0123'], [undefined, idOf(xml)]]) {
        for (const state of [relay, 'https://evil.example/']) {
          const end = await bystander.agent.follow(redirectUrl(there, logoutResponse(there, idp, inResponseTo), { field: 'SAMLResponse', key, relay: state }));
          assert.deepEqual([end.location, new URL(end.url).origin, await bystander.alive()], [null, clinic.issuer, true]);
        }
      }
      assert.deepEqual(events(clinic).slice(before).filter((event) => event.outcome === 'ok'), []);
    });
  });
}
