// Connections as administrators meet them: declared, exported, pruned, tested, previewed, switched off; domains that
// somebody vouches for; accounts linked and approved by hand.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { Agent } from '../kit/agent.mjs';
import { root, startClinic, stores } from '../kit/clinic.mjs';
import { startDns } from '../kit/dns.mjs';
import { app, events, register, rows } from '../kit/hostile.mjs';
import { accounts, command, connection, count, declare, isActive, links, rolesAt, sessionsOf, signInBy, throughUpstream, travel, untilInactive, wordOf } from '../kit/upstream.mjs';
import { secretOf, startProvider } from '../kit/upstream-oidc.mjs';

const example = join(root, 'docs/examples/connections.yaml');
const secret = 'from-the-okta-admin-console';
const tenant = '6f2b3f6e-2b7c-4a59-9a0e-0d3c6f6a7b10';

async function world(t, store, options = {}) {
  const clinic = await startClinic({ store, ...options });
  t.after(() => clinic.stop());
  return clinic;
}
const shown = (clinic, id) => clinic.must('connection', 'show', id).json;
const checkOf = (told, name) => told.findings.find((row) => row.check === name);

for (const store of stores) {
  test(`a document with connections is applied once, exported without secrets, and pruned (${store})`, async (t) => {
    const clinic = await world(t, store);

    assert.equal(clinic.command('apply', '-f', example, '--dry-run').code, 6);
    assert.deepEqual(clinic.must('apply', '-f', example).json.map((row) => [row.change, row.what, row.practice, row.id]), [
      ['create', 'connection', 'northside', 'northside-okta'], ['create', 'connection', 'riverside', 'riverside-hospital'],
    ]);
    assert.deepEqual(clinic.must('apply', '-f', example).json, []);
    assert.equal(clinic.command('diff', '-f', example).code, 0);

    const okta = shown(clinic, 'northside-okta');
    assert.equal(okta.our_redirect_uri, `${clinic.issuer}/federation/northside-okta/callback`);
    assert.equal(okta.has_secret, true);
    assert.equal(okta.status, 'active');
    const hospital = shown(clinic, 'riverside-hospital');
    assert.equal(hospital.our_entity_id, `${clinic.issuer}/saml/sp/riverside-hospital/metadata`);
    assert.equal(hospital.our_acs, `${clinic.issuer}/saml/sp/riverside-hospital/acs`);
    assert.match(hospital.metadata, /^\d+ bytes of XML/);

    for (const flags of [[], ['--with-hashes']]) {
      const exported = clinic.must('export', ...flags);
      assert.doesNotMatch(exported.out, new RegExp(secret), 'a secret stays sealed');
      assert.deepEqual(exported.json.practices.flatMap((one) => one.connections.map((entry) => entry.id)).sort(), ['northside-okta', 'riverside-hospital']);
    }
    const document = clinic.must('export', '--with-hashes').json;
    const other = await world(t, store, { document: null });
    assert.equal(other.apply(document).code, 0);
    assert.deepEqual(other.apply(document).json, []);
    assert.equal(shown(other, 'northside-okta').has_secret, false);
    // As many secrets as there are: none of them, in no file, log or record.
    assert.ok(!(JSON.stringify(events(clinic)) + clinic.log() + JSON.stringify(rows(clinic, 'SELECT declaration FROM connection'))).includes(secret));

    const renamed = { practices: [{ id: 'northside', connections: [{ id: 'northside-okta', name: 'Okta' }] }] };
    assert.deepEqual(clinic.apply(renamed).json.map((row) => row.fields), [{ name: ['Northside Okta', 'Okta'] }]);
    const another = { practices: [{ id: 'northside', connections: [{ id: 'northside-okta', client_secret: 'another-secret' }] }] };
    assert.deepEqual(clinic.apply(another).json.map((row) => row.fields), [{ client_secret: [null, '(secret)'] }]);
    assert.deepEqual(clinic.apply(another).json, []);

    const none = { practices: [{ id: 'riverside', connections: [] }] };
    assert.deepEqual(clinic.apply(none).json, [], 'without --prune what is not named stays');
    assert.deepEqual(clinic.apply(none, '--prune').json.map((row) => [row.change, row.what, row.id]), [['remove', 'connection', 'riverside-hospital']]);
    assert.equal(clinic.command('connection', 'show', 'riverside-hospital').code, 3);
    assert.match(clinic.command('apply', '-f', example).err, /there is or was a connection riverside-hospital/);
    assert.equal(count(clinic, 'config.delete.connection'), 1);
  });

  test(`a wrong document changes nothing and names its place (${store})`, async (t) => {
    const clinic = await world(t, store);
    const base = { id: 'c1', name: 'C', protocol: 'oidc', issuer: 'https://c1.example', client_id: 'x' };
    const rule = (grant, when = { claim: 'groups', contains: 'A' }) => ({ mapping: [{ when, grant }] });
    const refused = [
      [{ ...base, issuer: 'http://c1.example' }, /connections\.issuer/],
      [{ ...base, client_id: undefined }, /client_id: it is missing/],
      [{ ...base, preset: 'entra' }, /tid/],
      [{ ...base, preset: 'entra', tid: 'common' }, /tid: the id of one tenant/],
      [{ ...base, preset: 'google' }, /hd/],
      [{ ...base, metadata: '<a/>' }, /metadata: only for protocol saml/],
      [{ ...base, verify: false }, /unknown field practices\.connections\.verify/],
      [{ ...base, claims: { tenant: 'x' } }, /claims\.tenant: reserved/],
      [{ ...base, ...rule({ role: 'nobody', locations: 'all' }) }, /there is no role nobody/],
      [{ ...base, ...rule({ role: 'provider', locations: ['harbor'] }) }, /there is no location harbor/, 'of another practice'],
      [{ ...base, ...rule({ role: 'provider' }) }, /mapping\[0\]/],
      [{ ...base, ...rule({ role: 'provider', locations: 'all' }, { claim: 'groups', matches: '.*' }) }, /mapping\[0\]/],
      [{ ...base, provision: { on_unmapped: 'default' } }, /default_grant/],
      [{ id: 'c1', name: 'C', protocol: 'saml', metadata: '<!DOCTYPE a><a/>' }, /metadata/],
      [{ id: 'c1', name: 'C', protocol: 'saml', metadata_url: `${clinic.bases[0]}/nothing` }, /metadata_url/],
    ];
    for (const [entry, message] of refused) {
      const ran = clinic.apply({ practices: [{ id: 'northside', connections: [JSON.parse(JSON.stringify(entry))] }] });
      assert.equal(ran.code, 1, `${JSON.stringify(entry)}: ${ran.out}`);
      assert.match(ran.err, message);
    }
    assert.deepEqual(clinic.must('connection', 'list').json, []);
  });

  test(`a connection by command: added, changed, switched off and deleted (${store})`, async (t) => {
    const clinic = await world(t, store);
    const add = (...more) => clinic.command('connection', 'add', 'entra', 'entra', '-p', 'northside', '--tid', tenant, '--client-id', 'c', ...more);

    assert.match(add().err, /the client secret is missing/);
    assert.equal(add('--client-secret', 'x').code, 2, 'a secret never stands on the command line');
    const added = add('--client-secret-stdin', '--domain', 'entra.example', '--map', 'groups=0a1b:provider@main,west', '--on-unmapped', 'hold', { input: 'entra-value\n' });
    assert.equal(added.code, 0, added.err);
    assert.equal(added.json.redirect_uri, `${clinic.issuer}/federation/entra/callback`);
    assert.match(added.err, /lanyard connection test entra.*Undo: lanyard connection delete entra/);
    assert.equal(shown(clinic, 'entra').issuer, `https://login.microsoftonline.com/${tenant}/v2.0`);
    assert.deepEqual(shown(clinic, 'entra').mapping, [{ when: { claim: 'groups', contains: '0a1b' }, grant: { role: 'provider', locations: ['main', 'west'] } }]);
    assert.equal(add('--client-secret-stdin', { input: 'x\n' }).code, 5);

    const set = clinic.must('connection', 'set', 'entra', '--no-create', '--trust-mfa', '--local-sign-in', 'never');
    assert.equal(set.json.changed, true);
    assert.deepEqual(shown(clinic, 'entra').provision, { create: false, on_unmapped: 'hold' }, 'what is not named stays');
    assert.equal(clinic.must('connection', 'set', 'entra', '--no-create').json.changed, false);
    assert.equal(clinic.must('connection', 'set', 'entra', '--client-secret-stdin', { input: 'newer-value\n' }).json.changed, true);
    assert.equal(clinic.command('connection', 'set', 'entra', '--on-unmapped', 'sometimes').code, 2);
    assert.equal(clinic.command('connection', 'set', 'entra', '--map', 'groups=x').code, 2);
    assert.equal(clinic.command('connection', 'show', 'entraa').code, 3);
    assert.match(clinic.command('connection', 'show', 'entraa').err, /did you mean entra/);
    assert.equal(clinic.command('connection', 'show', 'entra', '-p', 'riverside').code, 3, 'the wall');

    clinic.must('connection', 'disable', 'entra');
    assert.equal(clinic.must('connection', 'list').json[0].status, 'disabled');
    assert.equal(clinic.must('export').json.practices.find((one) => one.id === 'northside').connections[0].disabled, true);
    clinic.must('connection', 'enable', 'entra');
    assert.equal(clinic.command('connection', 'delete', 'entra').code, 2, 'it has to be confirmed');
    clinic.must('connection', 'delete', 'entra', '--yes');
    assert.equal(add('--client-secret-stdin', { input: 'x\n' }).code, 5, 'an id is never given again');
    const text = JSON.stringify(events(clinic)) + clinic.log();
    for (const value of ['entra-value', 'newer-value']) assert.ok(!text.includes(value));
  });

  test(`a domain is vouched for by its DNS or by the operator, and leads nowhere before (${store})`, async (t) => {
    const dns = await startDns();
    t.after(() => dns.stop());
    const clinic = await world(t, store, { env: { LANYARD_OUTBOUND_RESOLVER: dns.address } });
    const verify = (...more) => command(clinic, 'domain', 'verify', 'clinic.example', '-p', 'northside', ...more);
    const vouched = () => clinic.must('domain', 'list', '-p', 'northside').json.find((row) => row.domain === 'clinic.example')?.vouched_by;

    assert.equal((await verify()).code, 3, 'not claimed yet');
    const record = clinic.must('domain', 'add', 'Clinic.Example', '-p', 'northside').json;
    assert.equal(record.record, '_lanyard.clinic.example');
    assert.equal(record.type, 'TXT');
    assert.equal(clinic.must('domain', 'add', 'clinic.example', '-p', 'northside').json.value, record.value, 'the same record again');
    assert.equal(vouched(), 'nobody');

    // What is not exactly this record proves nothing.
    for (const texts of [undefined, [`${record.value}x`], [record.value.toUpperCase()], ['v=spf1 -all'], [` ${record.value}`]]) {
      dns.records = texts ? { '_lanyard.clinic.example': texts } : {};
      const ran = await verify();
      assert.equal(ran.code, 3, JSON.stringify(texts));
      assert.equal(vouched(), 'nobody');
    }
    dns.silent = true;
    const begun = Date.now();
    assert.equal((await verify()).code, 1);
    assert.ok(Date.now() - begun < 8000, 'a silent DNS is waited for in bounds');
    dns.silent = false;
    // The other practice's claim of the same domain has a record of its own.
    const theirs = clinic.must('domain', 'add', 'clinic.example', '-p', 'riverside').json;
    assert.notEqual(theirs.value, record.value);
    dns.records = { '_lanyard.clinic.example': ['v=spf1 -all', theirs.value] };
    assert.equal((await verify()).code, 3);
    dns.records = { 'clinic.example': ['v=spf1 -all', record.value] };
    const verified = await verify();
    assert.equal(verified.code, 0, verified.err);
    assert.equal(vouched(), 'dns');
    assert.ok(dns.asked.includes('_lanyard.clinic.example'));

    assert.equal(clinic.command('domain', 'verify', 'clinic.example', '-p', 'riverside', '--offline').code, 2, 'why has to be said');
    clinic.must('domain', 'verify', 'clinic.example', '-p', 'riverside', '--offline', '--reason', 'no DNS in this network');
    const note = events(clinic).filter((event) => event.type === 'config.change.domain').at(-1);
    assert.match(JSON.stringify(note), /no DNS in this network/);
    clinic.must('domain', 'remove', 'clinic.example', '-p', 'riverside');
    assert.equal(clinic.command('domain', 'remove', 'clinic.example', '-p', 'riverside').code, 3);
    assert.equal(clinic.command('domain', 'add', 'not a domain', '-p', 'northside').code, 2);
  });

  test(`test, preview, link, approve and disable beside a real provider (${store})`, async (t) => {
    const people = {
      kim: { sub: '00u-kim', email: 'kim@corp.example', given_name: 'Kim', family_name: 'Hale', groups: ['Doctors'] },
      lou: { sub: '00u-lou', email: 'lou@corp.example', given_name: 'Lou', family_name: 'Hale', groups: ['Everyone'] },
      ada: { sub: '00u-ada', email: 'ada@elsewhere.example', given_name: 'Ada', family_name: 'Other', groups: [] },
    };
    const clinic = await world(t, store);
    const op = await startProvider(clinic, { dress: 'okta', people, connections: [['okta']] });
    t.after(() => op.stop());
    register(clinic, app('story'));
    declare(clinic, [connection('okta', { preset: 'okta', issuer: op.issuer, client_secret: secretOf('okta'), provision: { on_unmapped: 'hold' } })]);
    const before = accounts(clinic).length;
    const through = (who, more = {}) => { op.who = who; return throughUpstream(clinic, { connection: 'okta', agent: new Agent(), ...more }); };

    // A test looks at the provider; its link goes the whole way, once, and nobody is created.
    const tested = await command(clinic, 'connection', 'test', 'okta');
    assert.equal(tested.code, 0, JSON.stringify(tested.json?.findings) + tested.err);
    assert.ok(tested.json.findings.length >= 2);
    assert.ok(tested.json.link.startsWith(`${clinic.issuer}/federation/okta/test?ticket=`));
    op.who = 'kim';
    const page = await travel(new Agent(), tested.json.link);
    assert.equal(page.status, 200, page.text.slice(0, 800));
    assert.match(page.text, /kim@corp\.example/);
    assert.match(page.text, /provider/);
    assert.notEqual((await travel(new Agent(), tested.json.link)).status, 200, 'a link is good once');
    assert.notEqual((await travel(new Agent(), tested.json.link.replace(/.$/, (last) => (last === 'A' ? 'B' : 'A')))).status, 200);
    assert.equal(accounts(clinic).length, before);
    assert.deepEqual(links(clinic), []);

    // A preview tells the same of pasted claims; a token that nobody signed does not pass for one.
    const claims = { iss: op.issuer, sub: '00u-kim', aud: 'okta', email: 'kim@corp.example', email_verified: true, groups: ['Doctors'] };
    const preview = await command(clinic, 'connection', 'preview', 'okta', '--token', '-', { input: JSON.stringify(claims) });
    assert.equal(preview.code, 0, preview.err);
    assert.equal(preview.json.verdict, 'signed_in');
    assert.deepEqual(preview.json.roles.map((row) => [row.role, row.locations]), [['provider', ['main']]]);
    assert.deepEqual(preview.json.applied, [0]);
    const part = (value) => Buffer.from(JSON.stringify(value)).toString('base64url');
    const unsigned = await command(clinic, 'connection', 'preview', 'okta', '--token', '-', { input: `${part({ alg: 'none' })}.${part(claims)}.` });
    assert.notEqual(unsigned.code, 0);
    const held = await command(clinic, 'connection', 'preview', 'okta', '--token', '-', { input: JSON.stringify({ ...claims, groups: [] }) });
    assert.equal(held.json.verdict, 'held');
    assert.equal((await command(clinic, 'connection', 'preview', 'okta', '--token', '-', { input: 'neither' })).code, 2);
    assert.equal(accounts(clinic).length, before);

    // Somebody whom no rule lets in waits, and is let in by hand.
    assert.equal(wordOf(await through('lou')), 'held');
    assert.equal(clinic.must('user', 'list', '-p', 'northside').json.find((row) => row.email === 'lou@corp.example').status, 'waits for approval');
    assert.equal(clinic.must('user', 'show', 'lou@corp.example').json.links[0].state, 'waits for approval');
    clinic.must('user', 'approve', 'lou@corp.example', '--role', 'front-desk', '--location', 'west');
    assert.equal(clinic.command('user', 'approve', 'lou@corp.example').code, 5);
    op.who = 'lou';
    const lou = await signInBy(clinic, { connection: 'okta', agent: new Agent(), app: { scope: 'openid clinic roles' } });
    assert.deepEqual(rolesAt(lou.access), { west: ['front-desk'] });
    const session = clinic.must('session', 'list', '-p', 'northside').json.find((row) => row.email === 'lou@corp.example');
    assert.equal(session.connection, 'okta');
    assert.equal(session.continuity, false);

    // Linked by hand: another address there, the same person here, who is told of by that address from then on.
    const { id } = accounts(clinic).find((one) => one.email === 'ada@northside.example');
    clinic.must('user', 'link', 'ada@northside.example', '--connection', 'okta', '--subject', '00u-ada');
    assert.equal(clinic.command('user', 'link', 'bilal@northside.example', '--connection', 'okta', '--subject', '00u-ada').code, 5);
    assert.equal(clinic.command('user', 'link', 'henry@riverside.example', '--connection', 'okta', '--subject', 'x').code, 3);
    op.who = 'ada';
    const ada = await signInBy(clinic, { connection: 'okta', agent: new Agent(), app: { scope: 'openid clinic roles' } });
    assert.equal(ada.id.sub, id);
    assert.equal(accounts(clinic).find((one) => one.id === id).email, 'ada@elsewhere.example');
    assert.equal(clinic.must('user', 'unlink', 'ada@elsewhere.example', '--connection', 'okta').json.sessions_ended, 1);
    await untilInactive(clinic, ada.access_token);
    assert.equal(clinic.command('user', 'unlink', 'ada@elsewhere.example', '--connection', 'okta').code, 3);

    // Off: what came by it has ended, nobody comes by it.
    assert.ok(await isActive(clinic, lou.access_token));
    assert.equal(clinic.must('connection', 'disable', 'okta').json.sessions_ended, 1);
    await untilInactive(clinic, lou.access_token);
    assert.equal((await through('lou')).answer.code, undefined);
    assert.equal(sessionsOf(clinic).filter((row) => row.connection_id === 'okta' && !row.ended_at).length, 0);
    assert.ok(events(clinic).some((event) => event.type === 'account.approve') && events(clinic).some((event) => event.type === 'account.unlink'));
    assert.doesNotMatch(clinic.log() + JSON.stringify(events(clinic)), new RegExp(secretOf('okta')));
  });
}

test('doctor tells of each connection, and what mends it', async (t) => {
  const clinic = await world(t, 'sqlite');
  clinic.must('apply', '-f', example);
  const told = await command(clinic, 'doctor');
  assert.equal(told.code, 7);
  const row = told.json.find((one) => one.check === 'connection northside-okta');
  assert.equal(row.state, 'fail');
  assert.ok(row.why && row.mend, 'what is wrong, and what mends it');
  clinic.must('connection', 'disable', 'northside-okta');
  clinic.must('connection', 'disable', 'riverside-hospital');
  assert.equal((await command(clinic, 'doctor')).code, 0, 'what is off fails nothing');
  const claims = readFileSync(join(root, 'docs/examples/okta-claims.json'), 'utf8');
  const preview = await command(clinic, 'connection', 'preview', 'northside-okta', '--token', '-', { input: claims });
  assert.equal(preview.json.email, 'nora@northside.example');
  assert.equal(checkOf(preview.json, 'signature').outcome, 'warn', 'pasted claims are nobody\'s word');
});
