// pysaml2: a signed request by form, encrypted assertions, logout by SOAP in both directions.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Agent, errorCode, formOf } from '../kit/agent.mjs';
import { startClinic, stores, until } from '../kit/clinic.mjs';
import { startPysaml2 } from '../kit/pysaml2.mjs';
import { practiceOf, rolesAtOf, samlDocument, signOutHere, visit } from '../kit/saml.mjs';

for (const store of stores) {
  test(`pysaml2 signs in by form and redirect, reads encrypted assertions, and signs out by SOAP (${store})`, async (t) => {
    const clinic = await startClinic({ store });
    let python;
    t.after(async () => { await python?.stop(); await clinic.stop(); });
    python = await startPysaml2(clinic);
    const declare = (overrides) => {
      const applied = clinic.apply(samlDocument(python.entity, python.metadata, { require_signed_requests: true, ...overrides }));
      assert.equal(applied.code, 0, applied.err + applied.out);
    };
    declare({});
    const look = (agent, path, options) => visit(agent, python.base + path, options);
    const sound = (page) => {
      let said;
      try { said = JSON.parse(page.text); } catch { throw new Error(`${page.status} ${page.url} ${page.text}\n${python.log().slice(-4000)}`); }
      assert.equal(said.error, undefined, python.log().slice(-4000));
      assert.deepEqual(said.attributes[practiceOf] ?? said.attributes.practice_id, ['northside']);
      assert.deepEqual((said.attributes[rolesAtOf] ?? said.attributes.roles_at).toSorted(), ['main:provider', 'west:manager']);
      return said;
    };

    await t.test('a request that is signed inside of a form is answered', async () => {
      const agent = new Agent();
      const trail = [];
      const said = sound(await look(agent, '/page?binding=post', { trail }));
      assert.equal(said.format, 'urn:oasis:names:tc:SAML:2.0:nameid-format:persistent');
      assert.equal(said.encrypted, true);
      assert.ok(said.index, 'it has a session index');
    });

    await t.test('a form without a signature, or changed behind it, is refused', async () => {
      for (const [address, change, status] of [
        ['/page?binding=post&sign=no', (xml) => xml, 403],
        ['/page?binding=post', (xml) => xml.replace(' ForceAuthn="false"', '').replace(/ ID="/, ' IsPassive="true" ID="'), 403],
      ]) {
        const agent = new Agent();
        const { action, fields } = formOf((await agent.send(python.base + address)).text);
        fields.SAMLRequest = Buffer.from(change(Buffer.from(fields.SAMLRequest, 'base64').toString())).toString('base64');
        const page = await agent.follow(action, clinic.issuer, { method: 'POST', form: fields });
        assert.equal(page.status, status, `${address}: ${page.text}`);
        assert.equal(errorCode(page.text), 'saml_signature');
      }
    });

    await t.test('an app that takes assertions in the clear has them so', async () => {
      declare({ encrypt: 'never' });
      await until('the new setting', async () => sound(await look(new Agent(), '/page')).encrypted === false);
      declare({ encrypt: 'auto' });
    });

    await t.test('signing out at the app by SOAP ends the session here', async () => {
      const agent = new Agent();
      sound(await look(agent, '/page'));
      const out = JSON.parse((await agent.send(`${python.base}/sign-out`)).text);
      assert.deepEqual(out, { signed_out: true, status_ok: true }, python.log().slice(-4000));
      const trail = [];
      sound(await look(agent, '/page', { trail }));
      assert.ok(trail.includes('password'), trail.join(' '));
    });

    await t.test('signing out at the app in the browser ends the session here', async () => {
      const agent = new Agent();
      sound(await look(agent, '/page'));
      const page = await look(agent, '/sign-out?binding=redirect');
      assert.deepEqual(JSON.parse(page.text), { signed_out: true, status_ok: true }, python.log().slice(-4000));
      const trail = [];
      sound(await look(agent, '/page', { trail }));
      assert.ok(trail.includes('password'), trail.join(' '));
    });

    await t.test("signing out here ends the app's session by SOAP", async () => {
      const agent = new Agent();
      sound(await look(agent, '/page'));
      await signOutHere(agent, clinic);
      await until('pysaml2 to forget the session', async () => (await agent.send(`${python.base}/page`)).status === 302).catch((trouble) => { throw new Error(`${trouble.message} ${python.log().slice(-4000)}`); });
    });
  });
}
