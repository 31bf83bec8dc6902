// The Shibboleth service provider: sign-on by form, by artifact and for programs; logout by redirect and by SOAP.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Agent } from '../kit/agent.mjs';
import { variables } from '../kit/apache.mjs';
import { people, startClinic, stores, until } from '../kit/clinic.mjs';
import { enhancedClient, samlDocument, signOutHere, visit } from '../kit/saml.mjs';
import { startShibboleth } from '../kit/shib.mjs';

const places = `
<Location /west>
  ShibRequestSetting requireSession true
  <RequireAll>
    Require shib-attr practice northside
    Require shib-attr roles_at west:manager
  </RequireAll>
</Location>
<Location /billing>
  ShibRequestSetting requireSession true
  Require shib-attr roles_at west:billing
</Location>`;

function soundPage(shib, page) {
  assert.equal(page.status, 200, `${page.text}\n${shib.log()}`);
  const seen = variables(page.text);
  assert.deepEqual([seen.practice, seen.roles_at?.split(';').toSorted()], ['northside', ['main:provider', 'west:manager']], page.text);
  return seen;
}

for (const store of stores) {
  test(`Shibboleth signs staff in by form and artifact, and signs them out (${store})`, async (t) => {
    const clinic = await startClinic({ store });
    let shib;
    t.after(async () => { await shib?.stop(); await clinic.stop(); });
    shib = await startShibboleth(clinic, { places });
    const applied = clinic.apply(samlDocument(shib.entity, shib.metadata, { require_signed_requests: true, sign: 'both', name_id_format: 'persistent' }));
    assert.equal(applied.code, 0, applied.err + applied.out);
    const look = (agent, path, options) => visit(agent, shib.base + path, options);
    const sound = (page) => soundPage(shib, page);
    const ada = new Agent();
    let name;

    await t.test('our signed metadata is taken, and an encrypted assertion by POST gives practice and roles at locations', async () => {
      const seen = sound(await look(ada, '/main/'));
      name = seen.REMOTE_USER;
      assert.ok(name.length >= 20);
      assert.equal(seen['Shib-Identity-Provider'], `${clinic.issuer}/saml/metadata`);
      assert.equal(seen['Shib-AuthnContext-Class'], 'urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport');
      assert.equal((await look(ada, '/west/')).status, 200);
      assert.ok([401, 403].includes((await look(ada, '/billing/')).status));
    });

    await t.test('the answer by artifact is fetched by SOAP', async () => {
      const agent = new Agent();
      const trail = [];
      const page = await look(agent, `/Shibboleth.sso/Login?acsIndex=3&target=${encodeURIComponent(`${shib.base}/main/`)}`, { trail });
      assert.ok(trail.includes(`${shib.base}/Shibboleth.sso/SAML2/Artifact`), trail.join(' '));
      assert.equal(sound(page).REMOTE_USER, name, 'the same person, by the same name');
    });

    await t.test('signing out at the app ends the session here', async () => {
      const agent = new Agent();
      await look(agent, '/main/');
      const trail = [];
      await look(agent, `/Shibboleth.sso/Logout?return=${encodeURIComponent(`${shib.base}/`)}`, { trail });
      assert.ok(trail.includes(`${clinic.issuer}/saml/slo`), trail.join(' '));
      assert.ok(trail.at(-1).startsWith(shib.base), `${trail.join(' ')} ${shib.log()}`);
      const again = [];
      sound(await look(agent, '/main/', { trail: again }));
      assert.ok(again.includes('password'), again.join(' '));
    });

    await t.test("signing out here ends the app's session by SOAP", async () => {
      assert.equal((await ada.send(`${shib.base}/main/`)).status, 200);
      const { page } = await signOutHere(ada, clinic);
      assert.match(page.text, /id="logged-out"/);
      await until('shibd to forget the session', async () => (await ada.send(`${shib.base}/main/`)).status === 302);
    });
  });
}

// It signs for a program before it knows for whom, so its own setting must name an algorithm that is not SHA-1.
test(`Shibboleth signs a program in with a password (${stores[0]})`, async (t) => {
  const clinic = await startClinic({ store: stores[0] });
  let shib;
  t.after(async () => { await shib?.stop(); await clinic.stop(); });
  shib = await startShibboleth(clinic, { settings: 'signingAlg="http://www.w3.org/2001/04/xmldsig-more#rsa-sha256"' });
  const applied = clinic.apply(samlDocument(shib.entity, shib.metadata, { require_signed_requests: true, allow_ecp: true }));
  assert.equal(applied.code, 0, applied.err + applied.out);
  const { answer, taken, page } = await enhancedClient(clinic, `${shib.base}/main/`, people.ada);
  assert.equal(answer.status, 200, answer.text);
  assert.ok(taken.location, `${taken.status} ${taken.text} ${shib.log()}`);
  soundPage(shib, page);
});
