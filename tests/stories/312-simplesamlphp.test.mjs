// SimpleSAMLphp: signed requests, encrypted assertions, IdP-initiated sign-on, logout from either side in the browser.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Agent, errorCode } from '../kit/agent.mjs';
import { startClinic, stores } from '../kit/clinic.mjs';
import { practiceOf, rolesAtOf, samlDocument, signOutHere, visit } from '../kit/saml.mjs';
import { startSimpleSAMLphp } from '../kit/simplesamlphp.mjs';

for (const store of stores) {
  test(`SimpleSAMLphp reads encrypted assertions and signs out in the browser from either side (${store})`, async (t) => {
    const clinic = await startClinic({ store });
    let php;
    t.after(async () => { await php?.stop(); await clinic.stop(); });
    php = await startSimpleSAMLphp(clinic, { 'sign.authnrequest': true, 'sign.logout': true, 'redirect.validate': true, 'WantAssertionsSigned': true, 'assertion.encryption': true });
    const declared = (overrides) => samlDocument(php.entity, php.metadata, { require_signed_requests: true, encrypt: 'always', allow_idp_initiated: true, ...overrides });
    const applied = clinic.apply(declared());
    assert.equal(applied.code, 0, applied.err + applied.out);
    const look = (agent, path, options) => visit(agent, php.base + path, options);
    const sound = (page) => {
      let said;
      try { said = JSON.parse(page.text); } catch { throw new Error(`${page.status} ${page.url} ${page.text}\n${php.log().slice(-4000)}`); }
      assert.deepEqual(said.attributes[practiceOf], ['northside']);
      assert.deepEqual(said.attributes[rolesAtOf].toSorted(), ['main:provider', 'west:manager']);
      return said;
    };
    const ada = new Agent();

    await t.test('an assertion that is encrypted and nothing else is read', async () => {
      sound(await look(ada, '/page'));
    });

    await t.test('ForceAuthn asks for the password again, IsPassive never does', async () => {
      const trail = [];
      sound(await look(ada, '/page', { trail }));
      assert.ok(!trail.includes('password'));
      ada.jars.delete(new URL(php.base).host);
      sound(await look(ada, '/page?options[ForceAuthn]=1', { trail }));
      assert.ok(trail.includes('password'), trail.join(' '));
      const refused = await look(new Agent(), '/page?options[isPassive]=1');
      assert.match(refused.text, /NoPassive/, refused.text);
    });

    await t.test('a sign-on that begins here is taken', async () => {
      const agent = new Agent();
      const page = await visit(agent, `${clinic.issuer}/saml/sso/start?${new URLSearchParams({ sp: php.entity, RelayState: `${php.base}/page` })}`);
      sound(page);
      assert.equal(page.url, `${php.base}/page`);
    });

    await t.test('signing out at the app ends the session here', async () => {
      const agent = new Agent();
      await look(agent, '/page');
      const trail = [];
      const page = await look(agent, '/sign-out', { trail });
      assert.ok(trail.includes(`${clinic.issuer}/saml/slo`), trail.join(' '));
      assert.equal(page.text, '{"signed_out":true}', php.log().slice(-3000));
      const again = [];
      sound(await look(agent, '/page', { trail: again }));
      assert.ok(again.includes('password'), again.join(' '));
    });

    await t.test("signing out here ends the app's session in a frame, and the app confirms", async () => {
      const { page, frames } = await signOutHere(ada, clinic);
      assert.match(page.text, /id="logged-out"/);
      assert.equal(frames.length, 1, page.text);
      assert.ok(frames[0].url.startsWith(`${clinic.issuer}/`), `${frames[0].url} ${frames[0].text}`);
      assert.equal((await ada.send(`${php.base}/signed-out`)).text, '{"signed_out":true}');
    });

    await t.test('a request whose signature was taken off is refused', async () => {
      const agent = new Agent();
      const asked = new URL((await agent.send(`${php.base}/page`)).location);
      asked.searchParams.delete('Signature');
      asked.searchParams.delete('SigAlg');
      const page = await agent.send(asked.href);
      assert.equal(page.status, 403, page.text);
      assert.equal(errorCode(page.text), 'saml_signature');
    });
  });
}
