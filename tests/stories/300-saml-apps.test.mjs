// How SAML apps are registered: on the command line, by document, by address; and what is refused, with the place named.
import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { test } from 'node:test';
import { lanyard, startClinic, stores, until } from '../kit/clinic.mjs';
import { keyPair } from '../kit/saml.mjs';

const id = 'https://billing.example/saml/metadata';

// A service provider's metadata; parts: what to put in other places of it.
function metadataOf(pem, { entityId = id, root = '', role = '', keys, services, before = '', after = '', protocol = 'urn:oasis:names:tc:SAML:2.0:protocol' } = {}) {
  const certificate = pem.replace(/-----[^-]+-----|\s/g, '');
  const key = keys ?? `
    <md:KeyDescriptor><ds:KeyInfo xmlns:ds="http://www.w3.org/2000/09/xmldsig#"><ds:X509Data><ds:X509Certificate>${certificate}</ds:X509Certificate></ds:X509Data></ds:KeyInfo></md:KeyDescriptor>`;
  const acs = services ?? `
    <md:SingleLogoutService Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect" Location="https://billing.example/saml/slo"/>
    <md:AssertionConsumerService Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST" Location="https://billing.example/saml/acs" index="0" isDefault="true"/>`;
  return `${before}<md:EntityDescriptor xmlns:md="urn:oasis:names:tc:SAML:2.0:metadata" entityID="${entityId}"${root}>
  <md:SPSSODescriptor protocolSupportEnumeration="${protocol}"${role}>${key}${acs}
  </md:SPSSODescriptor>
  <md:Organization>
    <md:OrganizationName xml:lang="en">billing</md:OrganizationName>
    <md:OrganizationDisplayName xml:lang="en">Billing &amp; Claims</md:OrganizationDisplayName>
    <md:OrganizationURL xml:lang="en">https://billing.example/</md:OrganizationURL>
  </md:Organization>
</md:EntityDescriptor>
${after}`;
}

const acsAt = (location, more = '') => `<md:AssertionConsumerService Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST" Location="${location}" index="0"${more}/>`;
const keyWith = (text, use = '') => `<md:KeyDescriptor${use}><ds:KeyInfo xmlns:ds="http://www.w3.org/2000/09/xmldsig#"><ds:X509Data><ds:X509Certificate>${text}</ds:X509Certificate></ds:X509Data></ds:KeyInfo></md:KeyDescriptor>`;

// A folder with the clinic's documents in it, and a key pair of the service provider.
async function world(t, store) {
  const clinic = await startClinic({ store });
  t.after(() => clinic.stop());
  const folder = join(clinic.scratch, 'documents');
  mkdirSync(folder);
  const pem = keyPair(folder).pem();
  const write = (name, text) => { writeFileSync(join(folder, name), text); return join(folder, name); };
  return { clinic, folder, pem, write };
}

function query(clinic, sql) {
  if (clinic.store === 'sqlite') return execFileSync('sqlite3', ['-cmd', '.timeout 5000', clinic.address.slice('sqlite:'.length), sql], { encoding: 'utf8' }).trim();
  return execFileSync('psql', [clinic.address.replace('postgresql://clinic@', 'postgresql://lanyard@'), '-qAtc', sql], { encoding: 'utf8' }).trim();
}

const plain = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('LANYARD_')));

// A command beside this process, which may have to answer meanwhile; in the format that args ask for, or JSON.
const runAside = (clinic, args) => new Promise((done) => {
  const format = args.includes('-o') ? [] : ['-o', 'json'];
  const child = spawn(lanyard, [...args, ...format, '--config', clinic.nodes[0].config], { env: plain, stdio: ['ignore', 'pipe', 'pipe'] });
  let out = '';
  let err = '';
  child.stdout.on('data', (part) => { out += part; });
  child.stderr.on('data', (part) => { err += part; });
  child.once('close', (code) => {
    let json;
    try { json = JSON.parse(out); } catch { json = undefined; }
    done({ code, out, err, json });
  });
});
const exportOf = async (clinic) => (await runAside(clinic, ['export', '-o', 'yaml'])).out;

const appDocument = (more = '', from = 'metadata_file: billing-sp.xml') => `apps:
  - entity_id: ${id}
    name: Billing
    type: saml
    practices: [northside]
    ${from}
    attributes: [{ preset: clinic }, { claim: npi, name: "urn:example:npi" }]
${more}`;

for (const store of stores) {
  test(`an app is added from its metadata file, shown, changed and deleted (${store})`, async (t) => {
    const { clinic, pem, write } = await world(t, store);
    const file = write('billing-sp.xml', metadataOf(pem));
    const added = clinic.must('app', 'add', '--saml', '--metadata', file, '--serves', 'northside', '--preset', 'clinic', '--name-id', 'persistent', '--sign', 'both').json;

    assert.equal(added.app, id);
    assert.equal(added.name, 'Billing & Claims', 'the name is in the metadata');
    assert.equal(added.idp_metadata, `${clinic.issuer}/saml/metadata`);
    assert.equal(added.idp_entity_id, `${clinic.issuer}/saml/metadata`);
    assert.equal(added.idp_sso, `${clinic.issuer}/saml/sso`);
    assert.equal(added.idp_slo, `${clinic.issuer}/saml/slo`);
    assert.match(added.idp_certificate_sha256, /^[0-9a-f]{64}$/);

    const shown = clinic.must('app', 'show', id).json;
    assert.equal(shown.type, 'saml');
    assert.equal(shown.entity_id, id);
    assert.equal(shown.sign, 'both');
    assert.deepEqual(shown.endpoints.map((row) => [row.endpoint, row.binding, row.location]), [
      ['assertion consumer', 'HTTP-POST', 'https://billing.example/saml/acs'],
      ['logout', 'HTTP-Redirect', 'https://billing.example/saml/slo'],
    ]);
    assert.equal(shown.certificates.length, 1);
    assert.equal(shown.certificates[0].certificate, 'signing, encryption');
    assert.ok(shown.certificates[0].days_left >= 28 && shown.certificates[0].days_left <= 30);
    assert.match(shown.warnings[0].why, /a certificate ends in (29|30) days/);
    assert.doesNotMatch(JSON.stringify(shown), /EntityDescriptor/);
    assert.ok(!('has_secret' in shown));

    const doctor = clinic.must('doctor').json;
    assert.ok(doctor.some((row) => row.check === `app ${id}` && row.state === 'warn' && /certificate ends/.test(row.why)), JSON.stringify(doctor));
    const listed = clinic.must('app', 'list').json.find((row) => row.type === 'saml');
    assert.equal(listed.client_id, id);
    assert.equal(clinic.command('explain', 'access', 'ada@northside.example', id).code, 0);
    const told = clinic.must('explain', 'token', 'ada@northside.example', id, '--location', 'main').json;
    assert.deepEqual(told['urn:lanyard:attr:practice_id'], ['northside']);
    assert.deepEqual(told['urn:lanyard:attr:roles'], ['provider']);

    const again = clinic.command('app', 'add', '--saml', '--metadata', file, '--serves', 'northside');
    assert.equal(again.code, 5);
    assert.match(again.err, /ids are never given again/);
    assert.equal(clinic.must('app', 'set', id, '--encrypt', 'always').json.changed, true);
    const wrong = clinic.command('app', 'set', id, '--redirect-uri', 'https://billing.example/cb');
    assert.equal(wrong.code, 2);
    assert.match(wrong.err, /redirect_uris: only for type oidc/);
    assert.equal(clinic.command('app', 'rotate-secret', id).code, 5);
    clinic.must('app', 'delete', id, '--yes');
    assert.equal(clinic.command('app', 'show', id).code, 3);
    const never = clinic.command('app', 'add', '--saml', '--metadata', file, '--serves', 'northside');
    assert.equal(never.code, 5);
  });

  test(`a document with metadata_file is applied once, and what is exported makes the same clinic (${store})`, async (t) => {
    const { clinic, folder, pem, write } = await world(t, store);
    const xml = metadataOf(pem);
    write('billing-sp.xml', xml);
    const document = write('apps.yaml', appDocument('    sign: both\n    allow_idp_initiated: true\n    assertion_lifetime: 2m\n'));

    assert.equal(clinic.command('diff', '-f', document).code, 6);
    assert.equal(clinic.must('apply', '-f', document).json.length, 1);
    assert.deepEqual(clinic.must('apply', '-f', document).json, []);
    assert.equal(clinic.command('diff', '-f', document).code, 0);
    // Standard input names files from where the command was started: there is none there.
    const lost = clinic.command('apply', '-f', '-', { input: appDocument() });
    assert.equal(lost.code, 2);
    assert.match(lost.err, /could not read \.\/billing-sp\.xml/);

    const exported = await exportOf(clinic);
    assert.match(exported, /- entity_id: "?https:\/\/billing\.example\/saml\/metadata"?\n/);
    assert.match(exported, /\n    type: saml\n/);
    assert.match(exported, /\n    metadata: \|\n      <md:EntityDescriptor /, 'XML stands as lines');
    assert.doesNotMatch(exported, /metadata_file/);
    const copy = await startClinic({ store, document: null });
    t.after(() => copy.stop());
    writeFileSync(join(folder, 'export.yaml'), exported);
    copy.must('apply', '-f', join(folder, 'export.yaml'));
    assert.equal(copy.command('diff', '-f', join(folder, 'export.yaml')).code, 0);
    assert.equal(await exportOf(copy), exported);

    // Another text is a change, shown by its size.
    write('billing-sp.xml', metadataOf(pem, { root: ' validUntil="2100-01-01T00:00:00Z"' }));
    const [change] = clinic.command('diff', '-f', document).json;
    assert.deepEqual(Object.keys(change.fields), ['metadata']);
    assert.match(change.fields.metadata[0], /^\(\d+ bytes of XML\)$/);
    // The order of attributes counts, a flag that says nothing does not.
    const more = write('more.yaml', appDocument('    sign: both\n    allow_idp_initiated: true\n    assertion_lifetime: 120\n    allow_ecp: false\n').replace('{ preset: clinic }, { claim: npi, name: "urn:example:npi" }', '{ claim: npi, name: "urn:example:npi" }, { preset: clinic }'));
    assert.deepEqual(Object.keys(clinic.command('diff', '-f', more).json[0].fields).sort(), ['attributes', 'metadata']);
    // Pruning takes an app that a written list leaves out.
    const none = write('none.yaml', 'apps: []\n');
    assert.ok(clinic.must('apply', '-f', none, '--prune').json.some((row) => row.id === id && row.change === 'remove'));
  });

  test(`metadata by address is fetched, kept, asked for again with its ETag, and survives an address that fails (${store})`, async (t) => {
    const { clinic, pem, write } = await world(t, store);
    const state = { xml: metadataOf(pem), etag: '"one"', status: 200, asked: [] };
    const server = createServer((request, response) => {
      state.asked.push(request.headers['if-none-match'] ?? null);
      if (state.status === 200 && request.headers['if-none-match'] === state.etag) return response.writeHead(304, { etag: state.etag }).end();
      return response.writeHead(state.status, { etag: state.etag, 'content-type': 'application/samlmetadata+xml' }).end(state.status === 200 ? state.xml : 'no');
    });
    await new Promise((done) => server.listen(0, '127.0.0.1', done));
    t.after(() => new Promise((done) => { server.closeAllConnections(); server.close(done); }));
    const url = `http://127.0.0.1:${server.address().port}/sp.xml`;
    const due = () => query(clinic, 'UPDATE app_metadata SET next_at = 1');
    const events = (type) => Number(query(clinic, `SELECT count(*) FROM event WHERE practice_id = '' AND type = '${type}'`));
    const document = write('url.yaml', appDocument('', `metadata_url: "${url}"`));
    const ran = await runAside(clinic, ['apply', '-f', document]);

    assert.equal(ran.code, 0, ran.err);
    assert.deepEqual(state.asked, [null]);
    assert.equal((await runAside(clinic, ['diff', '-f', document])).code, 0);
    assert.equal(state.asked.length, 1, 'nobody is asked when nothing changed');
    const exported = await exportOf(clinic);
    assert.match(exported, /metadata_url: /);
    assert.doesNotMatch(exported, /EntityDescriptor/);

    due();
    await until('the second look', () => state.asked.length === 2);
    assert.equal(state.asked[1], '"one"');
    await until('its time', () => Number(query(clinic, 'SELECT next_at - fetched_at FROM app_metadata')) === 24 * 3600);
    assert.equal(events('app.metadata.refresh'), 0, 'nothing new');

    state.xml = metadataOf(pem, { services: acsAt('https://billing.example/saml/moved') });
    state.etag = '"two"';
    due();
    await until('the new text', async () => (await runAside(clinic, ['app', 'show', id])).json.endpoints.some((row) => row.location.endsWith('/moved')), 20000);
    assert.equal(events('app.metadata.refresh'), 1);

    for (const [trouble, how] of [
      [/the answer is 500/, () => { state.status = 500; }],
      [/entityID is/, () => { state.status = 200; state.etag = '"three"'; state.xml = metadataOf(pem, { entityId: 'https://evil.example/' }); }],
    ]) {
      const before = events('app.metadata.fail');
      how();
      due();
      const shown = await until(`trouble ${trouble}`, async () => {
        const { json } = await runAside(clinic, ['app', 'show', id]);
        return trouble.test(json.refresh.trouble ?? '') && json;
      }, 20000);
      assert.ok(shown.endpoints.some((row) => row.location.endsWith('/moved')), 'what is there stays');
      assert.ok(shown.warnings.some((row) => trouble.test(row.why)));
      assert.equal(events('app.metadata.fail'), before + 1);
      const wait = Number(query(clinic, 'SELECT next_at - fetched_at FROM app_metadata'));
      assert.ok(wait >= 3600 && wait < 3700, `tried again in an hour: ${wait}`);
    }

    // A new app whose address does not answer as it must is refused, with what to do.
    const other = appDocument('', `metadata_url: "${url}"`).replace(`entity_id: ${id}`, 'entity_id: https://other.example/sp');
    const refused = await runAside(clinic, ['apply', '-f', write('other.yaml', other)]);
    assert.equal(refused.code, 1);
    assert.match(refused.err, /metadata_url: .*entityID is "https:\/\/evil\.example\/", not "https:\/\/other\.example\/sp"/);
    state.status = 404;
    const missing = await runAside(clinic, ['app', 'add', '--saml', '--metadata', url, '--serves', 'northside', '--name', 'X']);
    assert.equal(missing.code, 2);
    assert.match(missing.err, /the answer is 404.*save the file and use metadata_file/);
    state.status = 200;
    const added = await runAside(clinic, ['app', 'add', '--saml', '--metadata', url, '--serves', 'northside', '--name', 'X']);
    assert.equal(added.code, 0, added.err);
    assert.equal(added.json.app, 'https://evil.example/');
  });
}

test('metadata that is not what it has to be is refused with the place and the reason', async (t) => {
  const { clinic, pem, write } = await world(t, 'sqlite');
  const good = metadataOf(pem);
  const base64 = pem.replace(/-----[^-]+-----|\s/g, '');
  const small = (() => {
    const file = join(clinic.scratch, 'small.crt');
    execFileSync('openssl', ['req', '-x509', '-newkey', 'rsa:1024', '-nodes', '-days', '30', '-subj', '/CN=small', '-keyout', join(clinic.scratch, 'small.key'), '-out', file], { stdio: 'ignore' });
    return readFileSync(file, 'utf8').replace(/-----[^-]+-----|\s/g, '');
  })();
  const cases = [
    ['empty', '', /metadata_file: expected: XML text/],
    ['no XML', 'hello', /xml_/],
    ['a web page', '<!DOCTYPE html><html></html>', /xml_doctype.*web page/],
    ['a DTD', `<!DOCTYPE x [<!ENTITY a "b">]>${good}`, /xml_doctype/],
    ['an entity', good.replace('Billing &amp; Claims', 'Billing &claims;'), /xml_entity/],
    ['a processing instruction', good.replace('<md:Organization>', '<?php x ?><md:Organization>'), /xml_instruction/],
    ['CDATA', good.replace('billing<', '<![CDATA[billing]]><'), /xml_cdata/],
    ['another encoding', `<?xml version="1.0" encoding="ISO-8859-1"?>${good}`, /xml_encoding/],
    ['too deep', good.replace('<md:Organization>', `${'<a>'.repeat(200)}${'</a>'.repeat(200)}<md:Organization>`), /xml_too_deep/],
    ['unbalanced', good.replace('</md:SPSSODescriptor>', ''), /xml_unbalanced/],
    ['an undeclared prefix', good.replace('<md:Organization>', '<x:y/><md:Organization>'), /XML/],
    ['two documents', `${good}${good}`, /xml_outside/],
    ['a list of many', `<md:EntitiesDescriptor xmlns:md="urn:oasis:names:tc:SAML:2.0:metadata">${good}</md:EntitiesDescriptor>`, /EntitiesDescriptor.*metadata of the one app/],
    ['another root', '<x xmlns="urn:x"/>', /the root is x, not EntityDescriptor/],
    ['another app', metadataOf(pem, { entityId: 'https://other.example/sp' }), /entityID is "https:\/\/other\.example\/sp", not "https:\/\/billing/],
    ['no entity id', good.replace(/ entityID="[^"]*"/, ''), /entityID is missing/],
    ['an identity provider', good.replaceAll('SPSSODescriptor', 'IDPSSODescriptor'), /identity provider/],
    ['SAML 1.1', metadataOf(pem, { protocol: 'urn:oasis:names:tc:SAML:1.1:protocol' }), /SAML 2\.0/],
    ['past validUntil', metadataOf(pem, { root: ' validUntil="2020-01-01T00:00:00Z"' }), /it was valid until 2020-01-01/],
    ['a validUntil that is none', metadataOf(pem, { root: ' validUntil="soon"' }), /validUntil "soon"/],
    ['a cacheDuration that is none', metadataOf(pem, { root: ' cacheDuration="1 day"' }), /cacheDuration "1 day"/],
    ['no service', metadataOf(pem, { services: '' }), /AssertionConsumerService/],
    ['http', metadataOf(pem, { services: acsAt('http://billing.example/acs') }), /AssertionConsumerService\[0\]: http is accepted for loopback alone/],
    ['a fragment', metadataOf(pem, { services: acsAt('https://billing.example/acs#x') }), /AssertionConsumerService\[0\]: an address with #/],
    ['a script', metadataOf(pem, { services: acsAt('javascript:alert(1)') }), /AssertionConsumerService\[0\]/],
    ['an index twice', metadataOf(pem, { services: acsAt('https://billing.example/a') + acsAt('https://billing.example/b') }), /AssertionConsumerService\[1\]: index 0 is there already/],
    ['a certificate that is none', metadataOf(pem, { keys: keyWith('AAAA') }), /X509Certificate is no certificate/],
    ['a certificate with its lines', metadataOf(pem, { keys: keyWith(pem) }), /without BEGIN and END/],
    ['a small key', metadataOf(pem, { keys: keyWith(small) }), /"CN ?= ?small" has an RSA key of 1024 bits/],
    ['a use of its own', metadataOf(pem, { keys: keyWith(base64, ' use="anything"') }), /use is signing or encryption/],
    ['not a flag', metadataOf(pem, { role: ' AuthnRequestsSigned="yes"' }), /AuthnRequestsSigned/],
    ['too large', good + ' '.repeat(256 * 1024), /256 KB/],
  ];

  for (const [name, xml, reason] of cases) {
    await t.test(name, () => {
      write('billing-sp.xml', xml);
      const ran = clinic.command('apply', '-f', write('apps.yaml', appDocument()));
      assert.notEqual(ran.code, 0);
      assert.match(ran.err, reason);
      if (!/256 KB/.test(ran.err)) assert.match(ran.err, /line 6, column \d+: apps\.metadata_file: /);
      assert.equal(clinic.command('app', 'show', id).code, 3, 'nothing was written');
    });
  }

  // What is declared beside the metadata needs its part in there.
  write('billing-sp.xml', metadataOf(pem, { keys: '' }));
  for (const [more, reason] of [
    ['    encrypt: always\n', /line 8, column \d+: apps\.encrypt: the metadata has no RSA certificate/],
    ['    require_signed_requests: true\n', /line 8, column \d+: apps\.require_signed_requests: the metadata has no certificate/],
    ['    allow_ecp: true\n', /line 8, column \d+: apps\.allow_ecp: the metadata has no assertion consumer service for PAOS/],
    ['    redirect_uris: ["https://billing.example/cb"]\n', /line 8, column \d+: apps\.redirect_uris: only for type oidc/],
    ['    client_secret: a-long-secret\n', /line 8, column \d+: apps\.client_secret: only for type oidc/],
    ['    metadata_url: "https://billing.example/sp.xml"\n', /line 8, column \d+: apps\.metadata_url: only one of/],
    ['    sing: both\n', /line 8, column \d+: unknown field apps\.sing \(did you mean sign\?\)/],
  ]) {
    const ran = clinic.command('apply', '-f', write('apps.yaml', appDocument(more)));
    assert.equal(ran.code, 1);
    assert.match(ran.err, reason);
  }
  const preset = clinic.command('apply', '-f', write('apps.yaml', appDocument().replace('preset: clinic', 'preset: clinics')));
  assert.equal(preset.code, 1);
  assert.match(preset.err, /line 7, column \d+: apps\.attributes\[0\]/);
});

test('the id of a SAML app is nobody at the doors of OpenID Connect', async (t) => {
  const { clinic, pem, write } = await world(t, 'sqlite');
  clinic.must('app', 'add', '--saml', '--metadata', write('sp.xml', metadataOf(pem)), '--serves', 'northside');
  const basic = `Basic ${Buffer.from(`${encodeURIComponent(id)}:anything`).toString('base64')}`;
  const post = (path, form) => fetch(`${clinic.issuer}${path}`, { method: 'POST', headers: { authorization: basic, 'content-type': 'application/x-www-form-urlencoded' }, body: new URLSearchParams(form) });

  for (const [path, form] of [
    ['/oauth2/token', { grant_type: 'client_credentials' }], ['/oauth2/token', { grant_type: 'authorization_code', code: 'x' }],
    ['/oauth2/introspect', { token: 'x' }], ['/oauth2/revoke', { token: 'x' }], ['/oauth2/par', { response_type: 'code' }],
  ]) {
    const answer = await post(path, form);
    assert.equal(answer.status, 401, path);
    assert.equal((await answer.json()).error, 'invalid_client', path);
  }
  for (const path of ['/oauth2/authorize?response_type=code&scope=openid&redirect_uri=https%3A%2F%2Fbilling.example%2Fsaml%2Facs&', '/oauth2/logout?']) {
    const answer = await fetch(`${clinic.issuer}${path}client_id=${encodeURIComponent(id)}`, { redirect: 'manual' });
    assert.equal(answer.status, 400, path);
  }
});
