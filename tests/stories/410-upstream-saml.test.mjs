// People of a clinic who sign in with SAML providers that others wrote, and with one made by hand: the first time makes their
// account with the role and location that the mapping says, each time after brings it up to date; what the apps behind it
// are told, in tokens and assertions.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Agent, errorCode } from '../kit/agent.mjs';
import { people, startClinic, stores, until } from '../kit/clinic.mjs';
import { app, change, events, register, rows } from '../kit/hostile.mjs';
import { startLemonldap } from '../kit/lemonldap.mjs';
import { metadataOf, rolesAtOf } from '../kit/saml.mjs';
import { answerForm, appOf, idpCertificate, isSigned, provider, readResponse, registerApps, ssoUrl } from '../kit/saml-message.mjs';
import { startSimpleSAMLphpProvider } from '../kit/simplesamlphp.mjs';
import { command, rolesAt } from '../kit/upstream.mjs';
import { answerXml, arrive, begin, connectionOf, declare, newPair, ourSide, personOf, providerMetadata, redeem, signInBy, startProvider, throughProvider } from '../kit/upstream-saml.mjs';

const connection = (id, idp, overrides = {}) => connectionOf(idp, id, overrides);
const clinicSide = { main: ['provider'] };

async function world(t, store, options = {}) {
  const clinic = await startClinic({ store, ...options });
  const ends = [];
  t.after(async () => { for (const end of ends.reverse()) await end(); await clinic.stop(); });
  register(clinic, app('story'));
  const started = async (making) => { const one = await making; ends.push(async () => one.stop()); return one; };
  return { clinic, started };
}

// The whole way with a provider that runs: tokens, or the page that it ended at.
async function signIn(clinic, connectionId, { agent = new Agent(), who } = {}) {
  const flow = await begin(clinic, connectionId, { agent });
  const { acs, xml, relay } = await throughProvider(agent, flow.asked, who);
  assert.equal(acs, flow.asked.acs);
  const page = await arrive(agent, acs, xml, relay);
  return { ...flow, page, xml, ...await redeem(clinic, flow, page) };
}

const well = (flow) => { assert.ok(flow.claims, `${flow.page.status} ${flow.page.location ?? flow.page.text}`); return flow; };
const accountOf = (clinic, email) => rows(clinic, `SELECT id, class, given_name, family_name FROM account WHERE email = '${email}'`)[0];

// [name, start(clinic) -> { metadata, is(person), trust(our metadata) }]
const others = [
  ['SimpleSAMLphp', (clinic) => startSimpleSAMLphpProvider(clinic)],
  ['LemonLDAP::NG', (clinic) => startLemonldap(clinic)],
];

for (const store of stores) {
  for (const [name, start] of others) {
    test(`${name} as identity provider: accounts are made, changed and refused by what it says (${store})`, async (t) => {
      const { clinic, started } = await world(t, store);
      const idp = await started(start(clinic));
      const sp = provider('charts');
      registerApps(clinic, appOf(sp));
      await declare(clinic, [connection('north', idp)]);
      await idp.trust((await ourSide(clinic, 'north')).text);
      const mia = personOf('mia');

      await t.test('the first sign-in makes the account; the role and location are in the token', async () => {
        idp.is(mia);
        const flow = well(await signIn(clinic, 'north'));
        assert.deepEqual([flow.claims.email, flow.claims.given_name, flow.claims.tenant], ['mia@north.example', 'Mia', 'northside']);
        assert.deepEqual(rolesAt(flow.claims), clinicSide);
        assert.equal(flow.claims.acr, 'urn:lanyard:acr:1fa');
        assert.deepEqual(flow.claims.amr ?? [], []);
        assert.equal(accountOf(clinic, 'mia@north.example').class, 'staff');
      });

      await t.test('and in the assertion of a SAML app, from the same session', async () => {
        const { agent } = well(await signIn(clinic, 'north'));
        const form = answerForm(await agent.follow(ssoUrl(clinic, sp)));
        const answer = await readResponse(form.xml, await idpCertificate(clinic));
        assert.deepEqual(answer.attributes[rolesAtOf], ['main:provider']);
        assert.deepEqual(answer.attributes['urn:oid:0.9.2342.19200300.100.1.3'], ['mia@north.example']);
      });

      await t.test('a group more, another one, and a name change at the next sign-in', async () => {
        idp.is(personOf('mia', { attributes: { groups: ['Doctors', 'Reception'] } }));
        assert.deepEqual(rolesAt(well(await signIn(clinic, 'north')).claims), { main: ['provider'], west: ['front-desk'] });
        idp.is(personOf('mia', { attributes: { groups: ['Reception'], sn: 'Married' } }));
        const flow = well(await signIn(clinic, 'north'));
        assert.deepEqual([rolesAt(flow.claims), flow.claims.family_name], [{ west: ['front-desk'] }, 'Married']);
      });

      await t.test('a role given by hand stays when the groups go', async () => {
        clinic.must('user', 'set', 'mia@north.example', '--role', 'billing', '--location', 'west');
        idp.is(personOf('mia', { attributes: { groups: ['Doctors'] } }));
        assert.deepEqual(rolesAt(well(await signIn(clinic, 'north')).claims), { main: ['provider'], west: ['billing'] });
      });

      await t.test('who is in no group that is mapped is refused, by name', async () => {
        idp.is(personOf('otto', { attributes: { groups: ['Gardeners'] } }));
        const flow = await signIn(clinic, 'north');
        assert.equal(flow.claims, undefined);
        assert.equal(errorCode(flow.page.text), 'unmapped');
        assert.equal(accountOf(clinic, 'otto@north.example'), undefined);
        assert.equal(events(clinic).at(-1).body.reason, 'unmapped');
      });

      if (!idp.set) return;
      await t.test('its encryption (AES-CBC) is read only where the connection records that it may be', async () => {
        idp.set({ 'assertion.encryption': true });
        idp.is(mia);
        const refused = await signIn(clinic, 'north');
        assert.equal(refused.claims, undefined);
        assert.equal(events(clinic).at(-1).body.reason, 'encryption_algorithm');
        await declare(clinic, [connection('north', idp, { allow_legacy_encryption: true })]);
        const flow = well(await signIn(clinic, 'north'));
        assert.match(flow.xml, /EncryptedAssertion/);
      });
    });
  }

  test(`a second Lanyard as identity provider: groups are what it says of roles, and it encrypts (${store})`, async (t) => {
    const { clinic, started } = await world(t, store);
    const home = await started(startClinic({ store }));
    const claims = { email: 'urn:oid:0.9.2342.19200300.100.1.3', given_name: 'urn:oid:2.5.4.42', family_name: 'urn:oid:2.5.4.4' };
    const mapping = [{ when: { claim: rolesAtOf, contains: 'main:provider' }, grant: { class: 'staff', role: 'provider', locations: ['main'] } }];
    await declare(clinic, [{ id: 'home', protocol: 'saml', metadata: await metadataOf(home), claims, mapping, domains: [], trust_upstream_mfa: false }], 'northside');
    const side = await ourSide(clinic, 'home');
    registerApps(home, appOf({ name: 'Second clinic', entity: side.entity, metadata: side.text }, { encrypt: 'always', require_signed_requests: true }));
    // The demo clinic has an Ada of its own: her address is taken here, another one's is not.
    const entry = { email: 'nadia@elsewhere.example', given_name: 'Nadia', family_name: 'Noor', class: 'staff', password: people.ada.password, assignments: [{ role: 'provider', locations: ['main'] }] };
    home.must('apply', '-f', '-', { input: JSON.stringify({ practices: [{ id: 'northside', staff: [entry] }] }) });
    const nadia = { username: 'nadia@elsewhere.example', password: people.ada.password };

    const flow = well(await signIn(clinic, 'home', { who: nadia }));
    assert.match(flow.xml, /EncryptedAssertion/);
    assert.deepEqual([flow.claims.email, flow.claims.given_name, rolesAt(flow.claims)], ['nadia@elsewhere.example', 'Nadia', clinicSide]);

    await t.test('an address that is an account here already gets in only with its password', async () => {
      const ada = await signIn(clinic, 'home', { who: people.ada });
      assert.equal(ada.claims, undefined);
      assert.match(ada.page.text, /id="password"/);
      const linked = await ada.agent.submit(ada.page, { password: people.ada.password }, /<form[^>]*>/);
      assert.equal((await redeem(clinic, ada, linked)).claims?.email, people.ada.username, linked.text);
      assert.equal(well(await signIn(clinic, 'home', { who: people.ada })).claims.email, people.ada.username);
    });
  });

  test(`how requests travel, which keys count, and metadata by address (${store})`, async (t) => {
    const { clinic, started } = await world(t, store);
    const idp = await started(startProvider('northidp'));
    const nora = personOf('nora');
    const comes = async (id, how = {}) => well(await signInBy(clinic, idp, id, nora, how));
    const refused = async (id, how) => { const flow = await signInBy(clinic, idp, id, nora, how); assert.equal(flow.claims, undefined); assert.ok(errorCode(flow.page.text), flow.page.text); return events(clinic).at(-1).body.reason; };
    await declare(clinic, [connection('north', idp, { name_id_format: 'persistent' })]);
    const side = await ourSide(clinic, 'north');

    await t.test('our metadata names its addresses and two uses of keys', () => {
      assert.equal(side.entity, `${clinic.issuer}/saml/sp/north/metadata`);
      assert.deepEqual(side.acs, [{ binding: 'HTTP-POST', at: `${clinic.issuer}/saml/sp/north/acs` }]);
      assert.deepEqual(side.slo.map((one) => one.binding).toSorted(), ['HTTP-POST', 'HTTP-Redirect', 'SOAP'].toSorted());
      assert.ok(side.signing.length >= 1 && side.encryption.length >= 1);
      assert.match(side.text, /WantAssertionsSigned="true"/);
    });

    await t.test('a request by redirect is signed, says where to answer, and is never the same twice', async () => {
      const [one, two] = [await begin(clinic, 'north'), await begin(clinic, 'north')];
      const url = new URL(one.asked.page.location);
      assert.equal(url.searchParams.get('SigAlg'), 'http://www.w3.org/2001/04/xmldsig-more#rsa-sha256');
      assert.ok(url.searchParams.get('Signature'));
      assert.deepEqual([one.asked.to, one.asked.issuer, one.asked.acs, one.asked.root.getAttribute('Destination')], [`${idp.base}/sso`, side.entity, side.acs[0].at, `${idp.base}/sso`]);
      assert.match(one.asked.xml, /NameIDPolicy[^>]*persistent/);
      assert.notEqual(one.asked.id, two.asked.id);
      assert.ok(Buffer.byteLength(one.asked.relay) <= 80, 'RelayState of at most 80 bytes (Bindings 3.4.3)');
      await comes('north');
    });

    await t.test('by a form where the connection says so, signed inside', async () => {
      await declare(clinic, [connection('north', idp, { force_post: true })]);
      const flow = await begin(clinic, 'north');
      assert.equal(flow.asked.page.location, null);
      assert.ok(isSigned(flow.asked.xml, flow.asked.root, side.signing[0]));
      assert.match(flow.asked.page.headers.get('content-security-policy'), new RegExp(`form-action[^;]*${idp.base}`));
      await comes('north');
      await declare(clinic, [connection('north', idp)]);
    });

    await t.test('prompt=login asks for a fresh sign-in there, and an old one is not taken for it', async () => {
      const flow = await begin(clinic, 'north', { overrides: { prompt: 'login' } });
      assert.equal(flow.asked.fresh, 'true');
      const page = await arrive(flow.agent, flow.asked.acs, answerXml(idp, flow.asked, nora, { assertion: { statement: { at: -3600 } } }), flow.asked.relay);
      assert.ok(errorCode(page.text), page.location ?? page.text);
      await comes('north', { overrides: { prompt: 'login' } });
    });

    await t.test('two keys count while the provider changes them, and none that is gone', async () => {
      const next = newPair('next');
      const old = idp.pair;
      await declare(clinic, [connection('north', idp, { metadata: providerMetadata(idp, { pairs: [old, next] }) })]);
      await comes('north');
      await comes('north', { signing: { key: next.key } });
      await declare(clinic, [connection('north', idp, { metadata: providerMetadata(idp, { pairs: [next] }) })]);
      assert.match(await refused('north'), /signature/);
      await comes('north', { signing: { key: next.key } });
      await declare(clinic, [connection('north', idp)]);
    });

    await t.test('our keys change too: what is encrypted to the one before is read, and both stand in our metadata', async () => {
      const [before] = side.encryption;
      await comes('north', { encrypt: { certificate: before } });
      assert.equal((await command(clinic, 'keys', 'rotate', '--alg', 'SAML')).code, 0);
      const after = (await ourSide(clinic, 'north')).encryption;
      await comes('north', { encrypt: { certificate: after[0] } });
      await comes('north', { encrypt: { certificate: before } });
      assert.notEqual(after[0], before);
    });

    await t.test('metadata by address: fetched when declared, asked for again with its ETag, and its new key counts', async () => {
      const next = newPair('byaddress');
      await declare(clinic, [connection('byurl', idp, { metadata: undefined, metadata_url: idp.metadataUrl })]);
      assert.deepEqual([idp.fetched, idp.unchanged], [1, 0]);
      const otherOne = personOf('uma');
      assert.ok(well(await signInBy(clinic, idp, 'byurl', otherOne)).claims);
      const due = () => change(clinic, 'UPDATE connection_metadata SET next_at = 1');
      due();
      await until('the second look', () => idp.unchanged === 1, 20000);
      idp.metadata = providerMetadata(idp, { pairs: [idp.pair, next] });
      due();
      await until('the new metadata', () => events(clinic).some((event) => event.type === 'connection.metadata.refresh'), 20000);
      const how = { signing: { key: next.key } };
      await until('the new key', async () => (await signInBy(clinic, idp, 'byurl', otherOne, how)).claims, 10000);
    });

    await t.test('metadata that no connection can stand on is refused with the reason', async () => {
      const bad = [
        ['<x/>', /metadata/], ['no XML', /metadata/], [provider('charts').metadata, /metadata/], [providerMetadata(idp, { pairs: [] }), /certificate|key/i],
        [providerMetadata(idp, { sso: [] }), /SingleSignOnService|sign/i], [providerMetadata(idp, { sso: [['redirect', 'javascript:alert(1)']] }), /SingleSignOnService/], [providerMetadata(idp, { sso: [['redirect', 'http://other.example/']] }), /https/], [providerMetadata(idp, { rootMore: ' validUntil="2020-01-01T00:00:00Z"' }), /validUntil|valid/i],
        [`<!DOCTYPE x>${idp.metadata}`, /metadata/], [idp.metadata.replace(/<ds:X509Certificate>[^<]*/, '<ds:X509Certificate>AAAA'), /certificate/i],
      ];
      for (const [metadata, words] of bad) {
        const entry = connection('bad', idp, { metadata });
        const ran = await command(clinic, 'apply', '-f', '-', { input: JSON.stringify({ practices: [{ id: 'northside', connections: [entry] }] }) });
        assert.notEqual(ran.code, 0, `${words}`);
        assert.match(ran.err + ran.out, words);
      }
      assert.deepEqual(rows(clinic, "SELECT id FROM connection WHERE id = 'bad'"), []);
    });

    await t.test('a second factor there counts where the connection trusts it', async () => {
      await declare(clinic, [connection('strong', idp, { trust_upstream_mfa: true }), connection('weak', idp)]);
      const context = 'https://refeds.org/profile/mfa';
      const mfa = async (id, who, more = {}) => well(await signInBy(clinic, idp, id, who, { assertion: { statement: { context, ...more } } })).claims;
      assert.equal((await mfa('strong', personOf('stella'))).acr, 'urn:lanyard:acr:mfa');
      assert.equal((await mfa('weak', personOf('wanda'))).acr, 'urn:lanyard:acr:1fa');
      assert.equal((await mfa('strong', personOf('stella'), { context: undefined })).acr, 'urn:lanyard:acr:1fa');
    });
  });
}
