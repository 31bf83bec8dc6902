// @node-saml/node-saml: sign-on over redirect and form, what is signed, names, contexts, and logout from either side.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SAML } from '@node-saml/node-saml';
import { Agent, errorCode, formOf } from '../kit/agent.mjs';
import { people, startClinic, stores, until } from '../kit/clinic.mjs';
import { answerForm, appOf, classOf, find, formats, idpCertificates, parse, postAcross, provider, registerApps, statusOf, walk } from '../kit/saml-message.mjs';
import { practiceOf, rolesAtOf, rolesOf, signOutHere } from '../kit/saml.mjs';

const mfa = 'https://refeds.org/profile/mfa';

// The library as an app configures it. Without skipRequestCompression it deflates what it posts, which is no SAML.
async function libraryOf(clinic, sp, overrides = {}) {
  return new SAML({
    issuer: sp.entity, callbackUrl: sp.acs, logoutCallbackUrl: sp.slo, entryPoint: `${clinic.issuer}/saml/sso`, logoutUrl: `${clinic.issuer}/saml/slo`,
    idpIssuer: `${clinic.issuer}/saml/metadata`, idpCert: await idpCertificates(clinic), privateKey: sp.key, publicCert: sp.certificate,
    signatureAlgorithm: 'sha256', digestAlgorithm: 'sha256', audience: sp.entity, validateInResponseTo: 'always', wantAssertionsSigned: true, wantAuthnResponseSigned: false,
    identifierFormat: formats.persistent, disableRequestedAuthnContext: true, acceptedClockSkewMs: 5000, skipRequestCompression: overrides.authnRequestBinding === 'HTTP-POST', ...overrides,
  });
}

async function start(library, relay = '', form = false) {
  if (!form) return library.getAuthorizeUrlAsync(relay, undefined, {});
  const { action, fields } = formOf(await library.getAuthorizeFormAsync(relay, undefined, {}));
  return postAcross(action, fields);
}

// profile: what the library believes; status: when it is a no.
async function signOn(library, agent, { relay, form, who } = {}) {
  const { page, asked } = await walk(agent, await start(library, relay, form), { who });
  const answer = answerForm(page);
  assert.ok(answer, `${page.status} ${page.text.slice(0, 1500)}`);
  const status = statusOf(parse(answer.xml).documentElement);
  const profile = status === 'Success' ? (await library.validatePostResponseAsync(answer.fields)).profile : undefined;
  return { profile, status, asked, relay: answer.relay, xml: answer.xml };
}

for (const store of stores) {
  test(`node-saml signs staff in and out (${store})`, async (t) => {
    const clinic = await startClinic({ store });
    t.after(() => clinic.stop());
    const [sp, other] = [provider('node-one'), provider('node-two')];
    const is = (overrides, which = sp) => registerApps(clinic, appOf(which, overrides));
    is({ require_signed_requests: true });
    is({}, other);
    const library = await libraryOf(clinic, sp);
    const second = await libraryOf(clinic, other);

    for (const form of [false, true]) {
      await t.test(`sign-on over ${form ? 'a form of another site' : 'redirect'}: one password, practice and roles, RelayState as it was`, async () => {
        const agent = new Agent();
        const with_ = form ? await libraryOf(clinic, sp, { authnRequestBinding: 'HTTP-POST' }) : library;
        const relay = 'https://app.example/a?b=c&d="<é>';
        const first = await signOn(with_, agent, { relay, form });
        assert.ok(first.asked);
        assert.equal(first.relay, relay);
        assert.equal(first.profile[practiceOf], 'northside');
        assert.deepEqual(first.profile[rolesAtOf].toSorted(), ['main:provider', 'west:manager']);
        assert.equal(first.profile[rolesOf], undefined, 'no role at every location, no role without one');
        assert.equal(first.profile.issuer, `${clinic.issuer}/saml/metadata`);
        const again = await signOn(with_, agent, { form });
        assert.deepEqual([again.asked, again.profile.sessionIndex, again.profile.nameID], [false, first.profile.sessionIndex, first.profile.nameID]);
      });
    }

    await t.test('an answer is believed by the app that asked, once', async () => {
      const { page } = await walk(new Agent(), await start(library));
      const { fields } = answerForm(page);
      await assert.rejects(second.validatePostResponseAsync(fields));
      await library.validatePostResponseAsync(fields);
      await assert.rejects(library.validatePostResponseAsync(fields), /InResponseTo/);
    });

    await t.test('what is signed is what the app was registered with', async () => {
      for (const [sign, assertion, response] of [['assertion', true, false], ['response', false, true], ['both', true, true]]) {
        is({ sign }, other);
        for (const [wantAssertionsSigned, wantAuthnResponseSigned] of [[true, false], [false, true], [true, true]]) {
          const strict = await libraryOf(clinic, other, { wantAssertionsSigned, wantAuthnResponseSigned });
          const fits = (!wantAssertionsSigned || assertion) && (!wantAuthnResponseSigned || response);
          if (fits) assert.ok((await signOn(strict, new Agent())).profile.nameID, `${sign}, and the app wants ${wantAssertionsSigned} ${wantAuthnResponseSigned}`);
          else await assert.rejects(signOn(strict, new Agent()), /signature/i, sign);
        }
      }
      is({}, other);
    });

    await t.test('ForceAuthn asks for the password again, IsPassive never does', async () => {
      const agent = new Agent();
      const [fresh, passive] = [await libraryOf(clinic, sp, { forceAuthn: true }), await libraryOf(clinic, sp, { passive: true })];
      assert.equal((await signOn(passive, agent)).status, 'Responder NoPassive');
      await signOn(library, agent);
      assert.ok((await signOn(passive, agent)).profile.nameID);
      assert.equal((await signOn(fresh, agent)).asked, true);
      const both = await libraryOf(clinic, sp, { passive: true, forceAuthn: true });
      assert.equal((await signOn(both, agent)).status, 'Responder NoPassive');
    });

    await t.test('the context asked for is met and said, or the answer is a no', async () => {
      const asks = (classes, racComparison = 'exact') => libraryOf(clinic, sp, { disableRequestedAuthnContext: false, authnContext: classes, racComparison });
      const protectedTransport = classOf('PasswordProtectedTransport');
      const said = (answer) => find(parse(answer.xml), '//saml:AuthnContextClassRef').textContent;
      assert.equal(said(await signOn(await asks([protectedTransport]), new Agent())), protectedTransport);
      assert.equal(said(await signOn(await asks([mfa, classOf('Password')]), new Agent())), classOf('Password'));
      assert.equal(said(await signOn(await asks([classOf('Password')], 'minimum'), new Agent())), classOf('Password'));
      for (const [classes, comparison] of [[[mfa], 'exact'], [[mfa], 'minimum'], [[protectedTransport], 'better'], [['urn:example:nothing'], 'exact']]) {
        const answer = await signOn(await asks(classes, comparison), new Agent(), {});
        assert.deepEqual([answer.status, answer.asked], ['Responder NoAuthnContext', false], `${comparison} ${classes}`);
      }
    });

    await t.test('names: persistent for good and another one at another app, transient for the session, e-mail', async () => {
      const named = async (which, format, agent) => (await signOn(await libraryOf(clinic, which, { identifierFormat: format }), agent)).profile;
      const [one, two] = [new Agent(), new Agent()];
      const lasting = await named(sp, formats.persistent, one);
      assert.equal((await named(sp, formats.persistent, two)).nameID, lasting.nameID);
      assert.notEqual((await named(other, formats.persistent, one)).nameID, lasting.nameID);
      assert.deepEqual([lasting.nameIDFormat, lasting.spNameQualifier], [formats.persistent, sp.entity]);
      assert.doesNotMatch(lasting.nameID, /ada/i);
      const passing = [await named(other, formats.transient, new Agent()), await named(other, formats.transient, new Agent())];
      assert.notEqual(passing[0].nameID, passing[1].nameID);
      assert.equal(passing[0].nameIDFormat, formats.transient);
      assert.equal((await named(sp, formats.email, new Agent())).nameID, people.ada.username);
      assert.equal((await named(sp, formats.unspecified, new Agent())).nameID, lasting.nameID, 'asks for nothing in particular');
      for (const format of ['urn:oasis:names:tc:SAML:2.0:nameid-format:kerberos', 'urn:oasis:names:tc:SAML:2.0:nameid-format:encrypted']) {
        const answer = await signOn(await libraryOf(clinic, sp, { identifierFormat: format }), new Agent());
        assert.equal(answer.status, 'Requester InvalidNameIDPolicy', format);
      }
    });

    await t.test('a request without the signature that the app is bound to is refused', async () => {
      const careless = await libraryOf(clinic, sp, { privateKey: undefined });
      const page = await new Agent().send(await start(careless));
      assert.deepEqual([page.status, errorCode(page.text)], [403, 'saml_signature']);
      assert.ok((await signOn(await libraryOf(clinic, other, { privateKey: undefined }), new Agent())).profile, 'another app is free to');
    });

    await t.test('signing out at the app ends the session here and comes back with a signed answer', async () => {
      const agent = new Agent();
      const { profile } = await signOn(library, agent);
      // Nothing that its signer and its writer encode differently (a blank, parentheses).
      const back = await agent.follow(await library.getLogoutUrlAsync(profile, 'back&forth', {}));
      assert.ok(back.location, `${back.status} ${back.text}`);
      const answer = new URL(back.location);
      assert.equal(answer.origin + answer.pathname, sp.slo);
      const fields = Object.fromEntries(answer.searchParams);
      assert.equal(fields.RelayState, 'back&forth');
      const { profile: nobody, loggedOut } = await library.validateRedirectAsync(fields, answer.search.slice(1));
      assert.deepEqual([nobody, loggedOut], [null, true]);
      assert.equal((await signOn(library, agent)).asked, true);
    });

    await t.test('signing out here reaches the app in a frame, and its answer is taken', async () => {
      const agent = new Agent();
      const { profile } = await signOn(library, agent);
      let page = await agent.follow(`${clinic.issuer}/logout`);
      if (/id="logout-confirm"/.test(page.text)) page = await agent.submit(page, {});
      const [, source] = /<iframe[^>]*\ssrc="([^"]*)"/.exec(page.text);
      const told = new URL(source.replace(/&amp;/g, '&'));
      assert.equal(told.origin + told.pathname, sp.slo);
      const { profile: meant, loggedOut } = await library.validateRedirectAsync(Object.fromEntries(told.searchParams), told.search.slice(1));
      assert.deepEqual([meant.nameID, meant.sessionIndex, loggedOut], [profile.nameID, profile.sessionIndex, true]);
      const reply = await agent.send(await library.getLogoutResponseUrlAsync(meant, '', {}, true));
      assert.equal(reply.status, 303, reply.text);
      assert.match((await agent.follow(reply.location)).text, /id="logged-out"/);
    });

    await t.test('an app that knows both certificates does not notice that the key was rotated', async () => {
      const before = await idpCertificates(clinic);
      assert.equal(before.length, 2);
      const patient = await libraryOf(clinic, sp);
      clinic.must('keys', 'rotate', '--alg', 'SAML', '--yes');
      const after = await until('the next key to sign', async () => {
        const now = await idpCertificates(clinic);
        return now[0] === before[1] && now;
      });
      assert.notEqual(after[1], before[0]);
      for (let n = 0; n < 3; n++) assert.ok((await signOn(patient, new Agent())).profile.nameID);
      const stale = await libraryOf(clinic, sp, { idpCert: before[0] });
      await assert.rejects(signOn(stale, new Agent()), /signature/i);
    });

    await t.test('another person of the practice is another name; one of another practice is nobody', async () => {
      const one = (await signOn(library, new Agent())).profile.nameID;
      const fiona = { ...people.ada, username: 'fiona@northside.example' };
      assert.notEqual((await signOn(library, new Agent(), { who: fiona })).profile.nameID, one);
      const { page } = await walk(new Agent(), await start(library), { who: { ...people.ada, username: 'henry@riverside.example' } });
      assert.equal(errorCode(page.text), 'sign_in_failed');
    });
  });
}
