// Sign-in through other people's OpenID providers: Okta, Entra, Google Workspace (the real oidc-provider in their clothes),
// another Lanyard. The account is made and kept up from what they say, by the practice's rules, and what comes of it stands
// in the tokens and assertions of the apps.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Agent } from '../kit/agent.mjs';
import { people as staff, startClinic, stores } from '../kit/clinic.mjs';
import { app, authorizeUrl, events, henry, register, request } from '../kit/hostile.mjs';
import { answerForm, appOf, idpCertificate, provider as samlApp, readResponse, registerApps, ssoUrl } from '../kit/saml-message.mjs';
import { write } from '../kit/pages.mjs';
import { rolesAtOf } from '../kit/saml.mjs';
import {
  accounts, buttonsOf, command, connection, count, declare, lastRefusal, links, masked, redeem, rolesAt, shown, signInBy, throughUpstream, travel, upstreamForm, wordOf,
} from '../kit/upstream.mjs';
import { hd, mfaClass, secretOf, startProvider, tid } from '../kit/upstream-oidc.mjs';

const mail = (name) => `${name}@corp.example`;
const person = (name, groups, more = {}) => ({ sub: `00u-${name}`, email: mail(name), given_name: name[0].toUpperCase() + name.slice(1), family_name: 'Hale', groups, ...more });
const domains = ['northside.example', 'corp.example'];
const accountOf = (clinic, email) => accounts(clinic).find((one) => one.email === email);
const many = (n, first) => [...first, ...Array.from({ length: n }, (_, i) => `group-${i}`)];
const of = (op, id, more = {}) => connection(id, { issuer: op.issuer, client_secret: secretOf(id), ...more });

for (const store of stores) {
  test(`Okta's groups make the account and keep its roles up (${store})`, async (t) => {
    const clinic = await startClinic({ store });
    const staffOf = { kim: person('kim', ['Everyone', 'Doctors']), lou: person('lou', ['Everyone']), max: person('max', ['Everyone']), nia: person('nia', ['Reception']), rex: person('rex', ['Doctors', 'Reception']) };
    const op = await startProvider(clinic, { dress: 'okta', people: staffOf, connections: [['okta'], ['held'], ['lenient'], ['once'], ['post', { method: 'client_secret_post' }], ['keyed', { method: 'private_key_jwt' }]] });
    t.after(async () => { await op.stop(); await clinic.stop(); });
    register(clinic, app('story'));
    const okta = of(op, 'okta', { preset: 'okta', domains: ['corp.example'] });
    declare(clinic, [
      okta, of(op, 'held', { provision: { on_unmapped: 'hold' } }), of(op, 'lenient', { provision: { on_unmapped: 'default' }, default_grant: { class: 'external', role: 'call-operator', locations: ['main'] } }),
      of(op, 'once', { provision: { create: false } }), of(op, 'post', { token_endpoint_auth_method: 'client_secret_post' }), of(op, 'keyed', { client_secret: undefined, token_endpoint_auth_method: 'private_key_jwt' }),
    ], 'northside', { domains });
    const certificate = await idpCertificate(clinic);
    const agent = new Agent();
    const sp = samlApp('charts');
    const through = (by) => { op.who = by.who ?? op.who; return throughUpstream(clinic, { connection: 'okta', ...by }); };
    const again = async (more = {}) => redeem(clinic, await through({ who: 'kim', agent: new Agent(), ...more }));

    await t.test('the first sign-in makes the account with the mapped role and location', async () => {
      op.who = 'kim';
      const tokens = await signInBy(clinic, { agent, connection: 'okta', app: { scope: 'openid profile email clinic roles' } });
      for (const claims of [tokens.id, tokens.access]) {
        assert.equal(claims.tenant, 'northside');
        assert.deepEqual(rolesAt(claims), { main: ['provider'] });
      }
      assert.equal(tokens.id.acr, 'urn:lanyard:acr:1fa');
      assert.ok(!tokens.id.amr?.length, 'what is not trusted is not repeated');
      const kim = accountOf(clinic, mail('kim'));
      assert.deepEqual([kim.given_name, kim.family_name, kim.class], ['Kim', 'Hale', 'staff']);
      assert.equal(tokens.id.sub, kim.id);
      assert.deepEqual(links(clinic).map((link) => [link.practice_id, link.connection_id, link.issuer, link.subject, link.account_id]), [['northside', 'okta', op.issuer, '00u-kim', kim.id]]);
      assert.equal(count(clinic, 'upstream.login.ok'), 1);
    });

    await t.test('no password, nonce, secret or token of it is on record', () => {
      const text = JSON.stringify(events(clinic)) + clinic.log();
      for (const secret of [secretOf('okta'), op.lastAsked().nonce, op.lastAsked().state.split('.')[1]]) assert.ok(!text.includes(secret), secret);
    });

    await t.test('the SAML app of the same session is told the same role and location', async () => {
      registerApps(clinic, appOf(sp));
      const page = await agent.follow(ssoUrl(clinic, sp, {}, { key: sp.key }));
      const said = await readResponse(answerForm(page).xml, certificate);
      assert.deepEqual(said.attributes[rolesAtOf], ['main:provider']);
    });

    await t.test('a changed group changes the roles at the next sign-in, in the assertion too', async () => {
      op.people.kim.groups = ['Reception'];
      const fresh = new Agent();
      const tokens = await again({ agent: fresh });
      assert.deepEqual(rolesAt(tokens.id), { west: ['front-desk'] });
      assert.deepEqual(rolesAt(tokens.access), { west: ['front-desk'] });
      const page = await fresh.follow(ssoUrl(clinic, sp, {}, { key: sp.key }));
      assert.deepEqual((await readResponse(answerForm(page).xml, certificate)).attributes[rolesAtOf], ['west:front-desk']);
    });

    await t.test('two groups give both, a removed one takes its role away, a hand-given role stays', async () => {
      op.people.kim.groups = ['Doctors', 'Reception'];
      assert.deepEqual(rolesAt((await again()).id), { main: ['provider'], west: ['front-desk'] });
      clinic.must('grant', mail('kim'), 'inventory', '--location', 'main', '--practice', 'northside');
      op.people.kim.groups = ['Doctors'];
      const places = rolesAt((await again()).id);
      assert.deepEqual([places.main.toSorted(), places.west], [['inventory', 'provider'], undefined]);
      op.people.kim.groups = ['Reception'];
      assert.deepEqual(rolesAt((await again()).id), { main: ['inventory'], west: ['front-desk'] });
    });

    await t.test('names and address follow what the provider says; the identity does not', async () => {
      const { id } = accountOf(clinic, mail('kim'));
      Object.assign(op.people.kim, { family_name: 'Hale-Ortiz', email: mail('kim.ortiz') });
      await again();
      const now = accounts(clinic).find((one) => one.id === id);
      assert.deepEqual([now.family_name, now.email], ['Hale-Ortiz', mail('kim.ortiz')]);
    });

    await t.test('who has no mapped group is refused, and no account is made', async () => {
      const way = await through({ who: 'lou' });
      assert.equal(wordOf(way), 'unmapped', shown(way.page));
      assert.equal(accountOf(clinic, mail('lou')), undefined);
      assert.equal(lastRefusal(clinic).reason, 'unmapped');
    });

    await t.test('on_unmapped hold: the account waits for approval, then signs in', async () => {
      const waits = await through({ who: 'lou', connection: 'held' });
      assert.equal(waits.answer.code, undefined);
      assert.ok(accountOf(clinic, mail('lou')), 'made, and held');
      assert.equal(count(clinic, 'account.hold'), 1);
      const held = accounts(clinic).length;
      assert.equal((await through({ who: 'lou', connection: 'held' })).answer.code, undefined, 'asking again does not help');
      assert.equal(accounts(clinic).length, held);
      clinic.must('user', 'approve', mail('lou'), '--practice', 'northside');
      clinic.must('grant', mail('lou'), 'billing', '--location', 'main', '--practice', 'northside');
      const tokens = await redeem(clinic, await through({ who: 'lou', connection: 'held' }));
      assert.deepEqual(rolesAt(tokens.id), { main: ['billing'] });
    });

    await t.test('on_unmapped default: the default grant', async () => {
      const tokens = await redeem(clinic, await through({ who: 'max', connection: 'lenient' }));
      assert.deepEqual([rolesAt(tokens.id), accountOf(clinic, mail('max')).class], [{ main: ['call-operator'] }, 'external']);
    });

    await t.test('create: false makes nobody', async () => {
      const way = await through({ who: 'nia', connection: 'once' });
      assert.deepEqual([wordOf(way), lastRefusal(clinic).reason, accountOf(clinic, mail('nia'))], ['creation_off', 'creation_off', undefined]);
    });

    await t.test('a secret in the form and a key of ours authenticate us there', async () => {
      const posted = await redeem(clinic, await through({ who: 'nia', connection: 'post' }));
      assert.deepEqual(rolesAt(posted.id), { west: ['front-desk'] });
      const keyed = await redeem(clinic, await through({ who: 'rex', connection: 'keyed' }));
      assert.deepEqual(rolesAt(keyed.id), { main: ['provider'], west: ['front-desk'] });
      const published = await (await fetch(`${clinic.issuer}/federation/keyed/jwks`)).json();
      assert.ok(published.keys.length >= 1 && published.keys.every((key) => !('d' in key)));
    });

    await t.test('the provider that says no is named, and why', async () => {
      op.deny = 'access_denied';
      const way = await through({ who: 'rex' });
      op.deny = null;
      assert.deepEqual([wordOf(way), lastRefusal(clinic).reason], ['upstream_denied', 'access_denied']);
      assert.doesNotMatch(way.page.text, /not assigned/, 'what it said is for the audit');
    });

    await t.test('a test by ticket shows what would be, and makes nothing', async () => {
      op.people.zoe = person('zoe', ['Doctors']);
      op.who = 'zoe';
      const ran = await command(clinic, 'connection', 'test', 'okta', '--practice', 'northside');
      const [, ticket] = /(http:\/\/localhost:\d+\/federation\/okta\/test\?ticket=[^\s"\\]+)/.exec(ran.out + ran.err) ?? [];
      assert.ok(ticket, ran.out + ran.err);
      const before = [accounts(clinic).length, links(clinic).length];
      const page = await travel(new Agent(), ticket);
      assert.equal(page.status, 200, shown(page));
      for (const word of ['provider', 'main', 'zoe@corp.example']) assert.ok(page.text.includes(word), `${word}: ${page.text}`);
      assert.deepEqual([accounts(clinic).length, links(clinic).length], before);
      const second = await travel(new Agent(), ticket);
      assert.ok(second.status >= 400, 'a ticket is good once');
    });
  });

  test(`Entra, Google Workspace and another Lanyard (${store})`, async (t) => {
    const clinic = await startClinic({ store });
    const second = await startClinic({ store: 'sqlite' });
    const hana = { sub: 'AAAA', email: 'hana@corp.example', given_name: 'Hana', family_name: 'Ito', groups: ['0f1e-doctors'] };
    const entra = await startProvider(clinic, { dress: 'entra', people: { hana, ivo: { ...hana, sub: 'BBBB', email: 'ivo@corp.example', groups: many(201, ['0f1e-doctors']) }, jun: { ...hana, sub: 'CCCC', email: 'jun@corp.example', groups: undefined, roles: ['Clinic.Doctor'] } }, connections: [['entra']] });
    const google = await startProvider(clinic, { dress: 'google', people: { gus: { sub: '1177', email: `gus@${hd}`, given_name: 'Gus', family_name: 'Lam' } }, connections: [['google']] });
    t.after(async () => { await Promise.all([entra.stop(), google.stop()]); await clinic.stop(); await second.stop(); });
    register(clinic, app('story'));
    // What is declared is the administrator's word; there the person has shown it.
    write(second, `UPDATE account SET email_verified = TRUE WHERE email = '${staff.ada.username}'`);
    register(second, app('front', { redirect_uris: [`${clinic.issuer}/federation/lanyard/callback`], practices: ['northside'], grant_types: ['authorization_code'] }));
    const byId = [{ when: { any: [{ claim: 'groups', contains: '0f1e-doctors' }, { claim: 'roles', equals: 'Clinic.Doctor' }] }, grant: { class: 'staff', role: 'provider', locations: ['main'] } }];
    declare(clinic, [
      of(entra, 'entra', { preset: 'entra', tid, mapping: byId }),
      of(google, 'google', { preset: 'google', hd, mapping: undefined, provision: { on_unmapped: 'default' }, default_grant: { class: 'staff', role: 'front-desk', locations: ['west'] } }),
    ], 'northside', { domains });
    declare(clinic, [connection('lanyard', {
      issuer: second.issuer, client_id: 'front', client_secret: 'front-secret-'.padEnd(40, '7'), scopes: ['openid', 'profile', 'email', 'clinic', 'roles'], userinfo: true,
      mapping: [{ when: { claim: 'tenant', equals: 'northside' }, grant: { class: 'external', role: 'provider', locations: ['harbor'] } }],
    })], 'riverside');

    await t.test('Entra: who somebody is, is tenant and object id', async () => {
      const tokens = await signInBy(clinic, { connection: 'entra' });
      assert.deepEqual(rolesAt(tokens.id), { main: ['provider'] });
      assert.equal(links(clinic).at(-1).subject, `${tid}/oid-AAAA`);
      // The pairwise sub may change with the app's registration; the person is the same.
      entra.people.hana.sub = 'ZZZZ';
      entra.people.hana.oid = 'oid-AAAA';
      assert.equal((await signInBy(clinic, { connection: 'entra' })).id.sub, tokens.id.sub);
    });

    await t.test('Entra: app roles map as groups do', async () => {
      entra.who = 'jun';
      assert.deepEqual(rolesAt((await signInBy(clinic, { connection: 'entra' })).id), { main: ['provider'] });
    });

    await t.test('Entra: too many groups to be told are refused by name, not taken for none', async () => {
      entra.who = 'ivo';
      const way = await throughUpstream(clinic, { connection: 'entra' });
      assert.equal(way.answer.code, undefined);
      assert.match(JSON.stringify(lastRefusal(clinic)), /overage/);
      assert.equal(accountOf(clinic, 'ivo@corp.example'), undefined);
    });

    await t.test('Google: the hosted domain is asked for and looked at; the default grant counts', async () => {
      const tokens = await signInBy(clinic, { connection: 'google' });
      assert.equal(google.lastAsked().hd, hd);
      assert.deepEqual(rolesAt(tokens.id), { west: ['front-desk'] });
    });

    await t.test('another Lanyard is a provider like any other', async () => {
      const way = await throughUpstream(clinic, { connection: 'lanyard', app: { tenant: 'riverside' }, username: staff.ada.username, password: staff.ada.password });
      const tokens = await redeem(clinic, way);
      assert.deepEqual([tokens.id.tenant, rolesAt(tokens.id)], ['riverside', { harbor: ['provider'] }]);
      assert.deepEqual(accounts(clinic, 'riverside').find((one) => one.email === staff.ada.username)?.given_name, 'Ada');
      assert.notEqual(accountOf(clinic, staff.ada.username).id, tokens.id.sub, 'the namesake in the other practice is somebody else');
    });
  });

  test(`how strongly somebody signed in there counts as the connection says (${store})`, async (t) => {
    const clinic = await startClinic({ store });
    const op = await startProvider(clinic, { people: { kim: person('kim', ['Doctors']) }, connections: [['trusted'], ['untrusted']] });
    t.after(async () => { await op.stop(); await clinic.stop(); });
    register(clinic, app('story'));
    declare(clinic, [of(op, 'trusted', { trust_upstream_mfa: true, acr_mfa: mfaClass, mfa_values: ['mfa'] })]);
    declare(clinic, [of(op, 'untrusted', { mapping: [{ when: { claim: 'groups', contains: 'Nobody' }, grant: { role: 'provider', locations: ['harbor'] } }] })], 'riverside');
    const mfa = { claims: JSON.stringify({ id_token: { acr: { essential: true, value: 'urn:lanyard:acr:mfa' } } }) };

    await t.test('trusted: the class and the registered ways are passed on', async () => {
      op.mfa = true;
      const { id } = await signInBy(clinic, { connection: 'trusted' });
      op.mfa = false;
      assert.deepEqual([id.acr, id.amr.toSorted()], ['urn:lanyard:acr:mfa', ['mfa', 'otp', 'pwd']]);
    });

    await t.test('a session of one factor goes there again when two are asked for', async () => {
      const agent = new Agent();
      const first = await signInBy(clinic, { agent, connection: 'trusted' });
      assert.equal(first.id.acr, 'urn:lanyard:acr:1fa');
      const { id } = await signInBy(clinic, { agent, connection: 'trusted', app: mfa });
      assert.equal(op.lastAsked().acr_values, mfaClass);
      assert.deepEqual([id.acr, id.sub], ['urn:lanyard:acr:mfa', first.id.sub]);
    });

    await t.test('without a page a session of one factor is not enough; one that may be either is', async () => {
      const agent = new Agent();
      await signInBy(clinic, { agent, connection: 'trusted' });
      assert.equal((await throughUpstream(clinic, { agent, app: { ...mfa, prompt: 'none' } })).answer.error, 'login_required');
      const either = { claims: JSON.stringify({ id_token: { acr: { essential: true, values: ['urn:lanyard:acr:mfa', 'urn:lanyard:acr:1fa'] } } }), prompt: 'none' };
      assert.ok((await throughUpstream(clinic, { agent, app: either })).answer.code);
      // Nobody in the other practice is trusted to show two factors.
      assert.equal((await throughUpstream(clinic, { agent: new Agent(), app: { ...mfa, tenant: 'riverside' } })).answer.error, 'unmet_authentication_requirements');
    });

    await t.test('a provider that does not deliver what was asked signs nobody in', async () => {
      op.delivers = false;
      const way = await throughUpstream(clinic, { connection: 'trusted', app: mfa });
      op.delivers = undefined;
      assert.deepEqual([way.answer.code, wordOf(way)], [undefined, 'unmet_authentication_requirements'], shown(way.page));
    });

    await t.test('not trusted: two factors there are one here', async () => {
      op.mfa = true;
      op.people.kim.groups = ['Nobody'];
      const { id } = await signInBy(clinic, { connection: 'untrusted', app: { tenant: 'riverside' } });
      assert.deepEqual([id.acr, id.amr ?? []], ['urn:lanyard:acr:1fa', []]);
      op.mfa = false;
    });
  });

  test(`the right sign-in is found by address, hint, practice or button, and tells nobody who exists (${store})`, async (t) => {
    const clinic = await startClinic({ store });
    const op = await startProvider(clinic, { dress: 'okta', people: { kim: person('kim', ['Doctors']) }, connections: [['okta'], ['plainly'], ['river']] });
    t.after(async () => { await op.stop(); await clinic.stop(); });
    register(clinic, app('story'));
    declare(clinic, [of(op, 'okta', { domains: ['corp.example'] }), of(op, 'plainly', { button: false })], 'northside', { domains });
    declare(clinic, [of(op, 'river', { mapping: [] })], 'riverside');
    const begin = (overrides = {}, agent = new Agent()) => agent.follow(authorizeUrl(clinic, request(overrides).parameters)).then((page) => Object.assign(page, { agent }));
    const toProvider = (overrides, by = {}) => travel(new Agent(), authorizeUrl(clinic, request(overrides).parameters), { before: (url) => url.startsWith(op.issuer), ...by });
    const name = (page, username) => page.agent.submit(page, { username }, upstreamForm);
    await t.test('a login_hint whose domain has a provider goes there at once, with the hint', async () => {
      const page = await toProvider({ login_hint: mail('kim') });
      const asked = new URL(page.location);
      assert.deepEqual([asked.searchParams.get('login_hint'), asked.searchParams.get('client_id')], [mail('kim'), 'okta']);
      for (const member of ['nonce', 'state', 'code_challenge']) assert.ok(asked.searchParams.get(member)?.length >= 32, member);
      assert.equal(asked.searchParams.get('code_challenge_method'), 'S256');
    });

    await t.test('so does a domain_hint, in any case of letters', async () => {
      for (const domain_hint of ['corp.example', 'CORP.example']) assert.ok((await toProvider({ domain_hint })).location?.startsWith(op.issuer), domain_hint);
      for (const domain_hint of ['nowhere.example', 'northside.example', 'x@corp.example', 'corp.example.', 'sub.corp.example', '%', '']) assert.equal((await toProvider({ domain_hint })).location, null, domain_hint);
    });

    await t.test('the practice that is asked for has its buttons, and not the other one\'s', async () => {
      assert.deepEqual(Object.keys(buttonsOf(await begin({ tenant: 'northside' }))), ['okta']);
      assert.deepEqual(Object.keys(buttonsOf(await begin({ tenant: 'riverside' }))), ['river']);
      assert.deepEqual(Object.keys(buttonsOf(await begin())).toSorted(), ['okta', 'river']);
    });

    await t.test('a connection of the other practice is not taken by its id', async () => {
      const page = await begin({ tenant: 'riverside' });
      const { river } = buttonsOf(page);
      const swapped = await page.agent.send(river.replace('connection=river', 'connection=okta'));
      assert.ok(swapped.status >= 400 && !swapped.location, shown(swapped));
    });

    await t.test('the first page asks for the address alone when a domain leads somewhere', async () => {
      const page = await begin();
      assert.match(page.text, /id="username"/);
      assert.doesNotMatch(page.text, /id="password"/);
      const locally = await name(page, staff.ada.username);
      assert.match(locally.text, /id="password"/);
      assert.ok(locally.text.includes(staff.ada.username));
      const inside = await page.agent.submit(locally, staff.ada, upstreamForm);
      assert.ok(new URL(inside.location).searchParams.get('code'), shown(inside));
    });

    await t.test('without a domain, both fields stand on one page as ever', async () => {
      const page = await begin({ tenant: 'riverside' });
      assert.match(page.text, /id="password"/);
    });

    await t.test('known and unknown addresses get the same bytes, here and there', async () => {
      op.who = 'kim';
      await signInBy(clinic, { connection: 'okta' });
      const pairs = [[staff.ada.username, 'nobody@northside.example'], ['dana@northside.example', 'nobody.else@northside.example'], [mail('kim'), mail('stranger')], [henry.username, 'nobody@riverside.example'], ['a@unknown.example', 'b@unknown.example']];
      for (const [known, unknown] of pairs) {
        const [a, b] = [await name(await begin(), known), await name(await begin(), unknown)];
        assert.equal(masked(a, known), masked(b, unknown), known);
        assert.deepEqual([a.status, a.headers.get('location') && 'on', a.headers.get('cache-control')], [b.status, b.headers.get('location') && 'on', b.headers.get('cache-control')]);
      }
    });

    await t.test('the page on the way names the provider and needs no script', async () => {
      const first = await begin();
      const page = Object.assign(await name(first, mail('kim')), { by: first.agent });
      assert.equal(page.status, 200);
      assert.match(page.text, /Sign-in okta/);
      assert.match(page.text, /href="[^"]*\/login\/upstream\?flow=/);
      const callback = await travel(page.by, page, { before: (url) => url.startsWith(op.issuer) });
      assert.equal(new URL(callback.location).searchParams.get('login_hint'), mail('kim'));
    });
  });
}
