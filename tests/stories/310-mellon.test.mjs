// Apache with mod_auth_mellon: sign-on, a page for a role at a location, logout from either side, wrongly signed requests.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Agent, errorCode } from '../kit/agent.mjs';
import { variables } from '../kit/apache.mjs';
import { people, startClinic, stores, until } from '../kit/clinic.mjs';
import { startMellon } from '../kit/mellon.mjs';
import { enhancedClient, metadataOf, samlDocument, signOutHere, visit } from '../kit/saml.mjs';

const bilal = { ...people.ada, username: 'bilal@northside.example' };
const henry = { ...people.ada, username: 'henry@riverside.example' };

const places = `
<Location /west>
  MellonEnable auth
  MellonCond urn:lanyard:attr:roles_at west:manager
  MellonCond urn:lanyard:attr:practice_id northside
</Location>
<Location /billing>
  MellonEnable auth
  MellonCond urn:lanyard:attr:roles_at west:billing
</Location>`;

// Signed in at Lanyard still, a stranger to the service provider.
function forgetApp(agent, mellon) {
  agent.jars.delete(new URL(mellon.base).host);
}

// Certificates of our metadata, the one that signs first.
function signers(metadata) {
  return [...metadata.matchAll(/use="signing"[\s\S]*?X509Certificate>([^<]+)</g)].map(([, base64]) => base64.replace(/\s/g, ''));
}

for (const store of stores) {
  test(`mod_auth_mellon signs staff in, knows their roles, and signs them out (${store})`, async (t) => {
    const clinic = await startClinic({ store });
    let mellon;
    t.after(async () => { await mellon?.stop(); await clinic.stop(); });
    mellon = await startMellon(clinic, { places });
    const applied = clinic.apply(samlDocument(mellon.entity, mellon.metadata, { require_signed_requests: true, allow_ecp: true, name_id_format: 'persistent' }));
    assert.equal(applied.code, 0, applied.err + applied.out);
    const look = (agent, path, options) => visit(agent, mellon.base + path, options);
    const ada = new Agent();

    await t.test('practice and roles at locations are on the protected page', async () => {
      const page = await look(ada, '/main/');
      assert.equal(page.status, 200, `${page.text}\n${mellon.log().slice(-3000)}`);
      const seen = variables(page.text);
      assert.deepEqual([seen.PRACTICE, seen.ROLES_AT.split(';').toSorted()], ['northside', ['main:provider', 'west:manager']]);
      assert.ok(seen.REMOTE_USER.length >= 20, 'a name that says nothing');
    });

    await t.test("a location's manager is let in where its manager is asked for, and a provider is not where billing is", async () => {
      assert.equal((await look(ada, '/west/')).status, 200);
      assert.equal((await look(ada, '/billing/')).status, 403);
      const other = new Agent();
      assert.equal((await look(other, '/billing/', { who: bilal })).status, 200);
      assert.equal((await look(other, '/west/', { who: bilal })).status, 403);
    });

    await t.test('one sign-in serves the next sign-on, which has a role granted meanwhile and the same name', async () => {
      const before = variables((await look(ada, '/main/')).text);
      clinic.must('grant', people.ada.username, 'billing', '--location', 'west', '--practice', 'northside');
      const after = await until('the new role', async () => {
        forgetApp(ada, mellon);
        const trail = [];
        const seen = variables((await look(ada, '/main/', { trail })).text);
        assert.ok(!trail.includes('password') && trail.includes(`${clinic.issuer}/saml/sso`), trail.join(' '));
        return seen.ROLES_AT.includes('west:billing') && seen;
      });
      assert.equal(after.REMOTE_USER, before.REMOTE_USER);
      assert.equal((await look(ada, '/billing/')).status, 200);
    });

    await t.test('a program signs in with a password, and not with a wrong one', async () => {
      const { answer, taken, page } = await enhancedClient(clinic, `${mellon.base}/main/`, people.ada);
      assert.equal(answer.status, 200, answer.text);
      assert.ok(taken.location, `${taken.status} ${taken.text}\n${mellon.log().slice(-3000)}`);
      assert.equal(variables(page.text).PRACTICE, 'northside', page.text);
      const wrong = await enhancedClient(clinic, `${mellon.base}/main/`, { ...people.ada, password: 'not-this-one-at-all' });
      assert.equal(wrong.answer.status, 401, wrong.answer.text);
      assert.match(wrong.answer.headers.get('www-authenticate'), /^Basic realm=/);
    });

    await t.test("another practice's provider is nobody at the door of this app", async () => {
      const page = await look(new Agent(), '/main/', { who: henry });
      assert.equal(errorCode(page.text), 'sign_in_failed', page.text);
    });

    await t.test('signing out at the app ends the session here', async () => {
      const agent = new Agent();
      await look(agent, '/main/');
      const trail = [];
      const back = await look(agent, `/mellon/logout?ReturnTo=${encodeURIComponent(`${mellon.base}/`)}`, { trail });
      assert.equal(back.url, `${mellon.base}/`, `${back.text} ${mellon.log().slice(-3000)}`);
      assert.ok(trail.includes(`${clinic.issuer}/saml/slo`), trail.join(' '));
      const again = [];
      await look(agent, '/main/', { trail: again });
      assert.ok(again.includes('password'), again.join(' '));
    });

    await t.test("signing out here ends the app's session by SOAP", async () => {
      const agent = new Agent();
      await look(agent, '/main/');
      assert.equal((await agent.send(`${mellon.base}/main/`)).status, 200);
      const { page } = await signOutHere(agent, clinic);
      assert.match(page.text, /id="logged-out"/);
      await until('mod_auth_mellon to forget the session', async () => (await agent.send(`${mellon.base}/main/`)).status === 303);
    });

    await t.test('a request without a signature, or with one for something else, is refused', async () => {
      const agent = new Agent();
      const start = await agent.send(`${mellon.base}/mellon/login?ReturnTo=${encodeURIComponent(`${mellon.base}/main/`)}`);
      const asked = new URL(start.location);
      assert.equal(asked.searchParams.get('SigAlg'), 'http://www.w3.org/2001/04/xmldsig-more#rsa-sha256');
      for (const change of [
        (url) => { url.searchParams.delete('Signature'); url.searchParams.delete('SigAlg'); },
        (url) => url.searchParams.set('RelayState', 'https://evil.example/'),
        (url) => url.searchParams.delete('RelayState'),
        (url) => url.searchParams.set('Signature', Buffer.alloc(256, 7).toString('base64')),
        (url) => url.searchParams.set('SigAlg', 'http://www.w3.org/2000/09/xmldsig#rsa-sha1'),
      ]) {
        const url = new URL(asked);
        change(url);
        const page = await agent.send(url.href);
        assert.ok([400, 403].includes(page.status) && errorCode(page.text), `${url.searchParams}: ${page.status} ${page.text}`);
      }
      assert.match((await agent.follow(asked.href)).text, /id="login-form"/, 'as it was signed it is taken');
    });

    await t.test('the next signing key is believed by an app that read our metadata before it signed', async () => {
      clinic.must('keys', 'rotate', '--alg', 'SAML');
      const agent = new Agent();
      const page = await look(agent, '/main/');
      assert.equal(variables(page.text).PRACTICE, 'northside', `${page.text}\n${mellon.log().slice(-3000)}`);
      const back = await look(agent, `/mellon/logout?ReturnTo=${encodeURIComponent(`${mellon.base}/`)}`);
      assert.equal(back.url, `${mellon.base}/`, back.text);
      const [before, after] = [signers(mellon.idp), signers(await metadataOf(clinic))];
      assert.equal(before[1], after[0], 'the second certificate is the first now');
      assert.notEqual(after[1], before[0]);
    });
  });
}
