// What a review of the SAML rooms found: sessions that end while an answer is made, logouts that fail half way, several sessions
// of one person, workers that wait, and refusals that anybody can provoke.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import http from 'node:http';
import { test } from 'node:test';
import { Agent, errorCode } from '../kit/agent.mjs';
import { people, sleep, startClinic, stores } from '../kit/clinic.mjs';
import { app, authorizeUrl, events, request } from '../kit/hostile.mjs';
import {
  answerForm, appOf, artifactResolve, bindingOf, envelope, find, idpCertificate, logoutRequest, logoutResponse, authnRequest, nameId, parse, provider, readResponse, registerApps, signOn, signXml, sloUrl, soapPost, ssoUrl, statusOf,
} from '../kit/saml-message.mjs';

const basic = ({ username, password }) => ({ authorization: `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}` });
const passive = ' IsPassive="true"';

// An app that takes LogoutRequests by SOAP: 'well', or 'silent' (never answers).
async function soapListener() {
  const listener = { seen: new Set(), answers: 'well' };
  const server = http.createServer((ask, answer) => {
    let text = '';
    ask.on('data', (data) => { text += data; });
    ask.on('end', () => {
      const request = find(parse(text), '/soap:Envelope/soap:Body/samlp:LogoutRequest');
      listener.seen.add(find(request, './samlp:SessionIndex').textContent);
      if (listener.answers === 'silent') return;
      // A Destination is allowed by SOAP, too.
      answer.writeHead(200, { 'content-type': 'text/xml' }).end(envelope(signXml(logoutResponse('https://idp.example/any', listener.sp, request.getAttribute('ID')), listener.sp)));
    });
  });
  await new Promise((done) => server.listen(0, '127.0.0.1', done));
  listener.url = `http://localhost:${server.address().port}/slo`;
  listener.stop = () => { server.closeAllConnections(); server.close(); };
  return listener;
}

// As the database's owner.
function change(clinic, sqlite, postgresql) {
  if (clinic.store === 'sqlite') execFileSync('sqlite3', [clinic.address.replace('sqlite:', ''), `.timeout 5000`, sqlite]);
  else execFileSync('psql', [clinic.address.replace('postgresql://clinic@', 'postgresql://lanyard@'), '-qAtc', postgresql]);
}

for (const store of stores) {
  test(`what a review found (${store})`, async (t) => {
    const clinic = await startClinic({ store, env: { LANYARD_LIMITS_SLOW_THREADS: '2', LANYARD_LIMITS_SIGN_IN_TRIES: '100' } });
    const listener = await soapListener();
    t.after(async () => { listener.stop(); await clinic.stop(); });
    const certificate = await idpCertificate(clinic);
    const one = provider('one', { slo: [['soap', 'soap'], ['redirect', 'slo']], acs: [['post', 'acs'], ['artifact', 'artifact'], ['paos', 'ecp']] });
    const two = provider('two', { slo: [['soap', listener.url]] });
    const mute = provider('mute');
    listener.sp = two;
    registerApps(clinic, appOf(one), appOf(two), appOf(mute));
    const slo = (known, who = one, parts = {}) => soapPost(`${clinic.issuer}/saml/slo/soap`, signXml(logoutRequest(clinic, who, known, { soap: true, ...parts }), who));
    const said = (answer) => statusOf(find(parse(answer.text), '/soap:Envelope/soap:Body/samlp:LogoutResponse'));
    const lives = async (agent) => (await signOn(agent, ssoUrl(clinic, one, { more: passive }), certificate)).status === 'Success';

    await t.test('whoever is given an assertion is told when the session ends, though it ends at that moment', async () => {
      const agent = new Agent();
      const mine = await signOn(agent, ssoUrl(clinic, one), certificate);
      // The answer is being recorded for a while: on PostgreSQL whoever ends the session runs beside it.
      change(clinic, 'SELECT 1',
        "CREATE FUNCTION slow() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF NEW.kind = 'saml_request' THEN PERFORM pg_sleep(1); END IF; RETURN NEW; END $$; CREATE TRIGGER slow BEFORE INSERT ON replay FOR EACH ROW EXECUTE FUNCTION slow()");
      const asking = agent.send(ssoUrl(clinic, two));
      await sleep(300);
      const ended = await slo(mine);
      const page = await asking;
      change(clinic, 'SELECT 1', 'DROP TRIGGER slow ON replay');
      assert.equal(ended.status, 200, ended.text);
      const form = answerForm(page);
      const answer = form && await readResponse(form.xml, certificate);
      for (let n = 0; form && n < 30 && !listener.seen.has(answer.sessionIndex); n++) await sleep(100);
      assert.ok(!form || listener.seen.has(answer.sessionIndex), 'the app has an assertion of a session that is over, and was never told');
    });

    await t.test('a logout that failed half way can be asked for again, and then it ends the session', async () => {
      const agent = new Agent();
      const mine = await signOn(agent, ssoUrl(clinic, one), certificate);
      change(clinic, "CREATE TRIGGER stuck BEFORE UPDATE OF ended_at ON session BEGIN SELECT RAISE(ABORT, 'stuck'); END",
        "CREATE FUNCTION stuck() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'stuck'; END $$; CREATE TRIGGER stuck BEFORE UPDATE OF ended_at ON session FOR EACH ROW EXECUTE FUNCTION stuck()");
      const failed = await agent.send(sloUrl(clinic, one, mine));
      change(clinic, 'DROP TRIGGER stuck', 'DROP TRIGGER stuck ON session');
      assert.ok(failed.status >= 500, `${failed.status}`);
      assert.ok(await lives(agent));
      await agent.follow(sloUrl(clinic, one, mine));
      assert.ok(!(await lives(agent)), 'the app was told that the session is over');
    });

    await t.test('without an index all sessions of the name end; with several indexes each of them', async () => {
      for (const wanted of [
        (known) => logoutRequest(clinic, one, { nameId: known[0].nameId }, { soap: true }),
        (known) => logoutRequest(clinic, one, known[0], { soap: true, inside: nameId(known[0].nameId) + known.map((each) => `<samlp:SessionIndex>${each.sessionIndex}</samlp:SessionIndex>`).join('') }),
      ]) {
        const agents = [new Agent(), new Agent(), new Agent()];
        const known = [];
        for (const agent of agents) known.push(await signOn(agent, ssoUrl(clinic, one), certificate));
        const answer = await soapPost(`${clinic.issuer}/saml/slo/soap`, signXml(wanted(known), one));
        assert.equal(said(answer), 'Success', answer.text);
        assert.deepEqual(await Promise.all(agents.map(lives)), [false, false, false]);
      }
    });

    await t.test('an artifact of a session that ended leads nowhere', async () => {
      const agent = new Agent();
      const more = ` ProtocolBinding="${bindingOf('artifact')}"`;
      const known = await signOn(agent, ssoUrl(clinic, one), certificate);
      const artifactOf = async () => new URL((await agent.send(ssoUrl(clinic, one, { more }))).location).searchParams.get('SAMLart');
      const fetched = async (artifact) => Boolean(find(parse((await soapPost(`${clinic.issuer}/saml/artifact`, signXml(artifactResolve(clinic, one, artifact), one))).text), '//samlp:ArtifactResponse/samlp:Response'));
      assert.ok(await fetched(await artifactOf()));
      const artifact = await artifactOf();
      assert.equal((await slo(known)).status, 200);
      assert.ok(!(await fetched(artifact)), 'the app was told before it knew of the session, and begins one now');
    });

    await t.test('an app that cannot be told at all is waited for by nobody', async () => {
      const agent = new Agent();
      const mine = await signOn(agent, ssoUrl(clinic, one), certificate);
      await signOn(agent, ssoUrl(clinic, mute), certificate);
      const began = Date.now();
      assert.equal(said(await slo(mine)), 'Success PartialLogout');
      assert.ok(Date.now() - began < 2000, `${Date.now() - began} ms`);
    });

    await t.test('logouts that wait for an app leave workers for those who sign in', async () => {
      listener.answers = 'silent';
      const known = [];
      for (let n = 0; n < 6; n++) {
        const agent = new Agent();
        known.push(await signOn(agent, ssoUrl(clinic, one), certificate));
        await signOn(agent, ssoUrl(clinic, two), certificate);
      }
      const waiting = known.map((each) => slo(each));
      await sleep(300);
      const began = Date.now();
      assert.equal((await signOn(new Agent(), ssoUrl(clinic, one), certificate)).status, 'Success');
      assert.ok(Date.now() - began < 2500, `a sign-in took ${Date.now() - began} ms`);
      for (const answer of await Promise.all(waiting)) assert.equal(said(answer), 'Success PartialLogout');
      listener.answers = 'well';
    });

    await t.test('what anybody can ask without a page leaves no row for each', async () => {
      // Others of this story still send logouts that fail, on record.
      const rows = () => events(clinic).filter(({ type }) => !type.startsWith('logout.')).length;
      const before = rows();
      for (let n = 0; n < 20; n++) assert.equal((await signOn(new Agent(), ssoUrl(clinic, one, { more: passive }), certificate)).status, 'Responder NoPassive');
      assert.equal(rows(), before);
    });

    await t.test('ECP that is refused begins no session', async () => {
      registerApps(clinic, appOf(one, { allow_ecp: true, require_location: true }), appOf(two), appOf(mute));
      const begun = () => events(clinic).filter((event) => event.type === 'session.start').length;
      const ask = (who) => soapPost(`${clinic.issuer}/saml/ecp`, signXml(authnRequest(clinic, one, { destination: null, more: ` ProtocolBinding="${bindingOf('paos')}"` }), one), { headers: basic(who) });
      const before = begun();
      const answer = await ask(people.ada);
      const status = statusOf(find(parse(answer.text), '//samlp:Response'));
      assert.equal(begun() - before, status === 'Success' ? 1 : 0, status);
      registerApps(clinic, appOf(one), appOf(two), appOf(mute));
    });

    await t.test('a sign-in of one protocol is none of the other', async () => {
      registerApps(clinic, app('story'), appOf(one), appOf(two), appOf(mute));
      const agent = new Agent();
      const flowOf = (page) => new URL(page.location, clinic.issuer).searchParams.get('flow');
      const saml = flowOf(await agent.send(ssoUrl(clinic, one)));
      const oidc = flowOf(await agent.send(authorizeUrl(clinic, request().parameters)));
      for (const address of [`/oauth2/authorize/continue?flow=${saml}`, `/consent?flow=${saml}`, `/saml/sso/continue?flow=${oidc}`]) {
        const page = await agent.send(`${clinic.issuer}${address}`);
        assert.deepEqual([page.location, errorCode(page.text)], [null, 'flow_gone'], address);
      }
    });
  });
}
