// Somebody else's account by way of another identity provider: each known way (security.md B1-B3, B8, B9, B13, C5) ends at
// the door. A link is made only with proof on both sides, for one person, in one browser, once.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Agent, formOf } from '../kit/agent.mjs';
import { people as staff, sleep, startClinic, stores } from '../kit/clinic.mjs';
import { app, authorizeUrl, basic, henry, post, register, request } from '../kit/hostile.mjs';
import { startLiar } from '../kit/liar-oidc.mjs';
import {
  accounts, buttonsOf, connection, count, declare, finish, isActive, lastRefusal, liarConnection, links, masked, redeem, rolesAt, sessionsOf, shown, signInBy, throughUpstream, toCallback, travel, untilInactive, upstreamForm, wordOf,
} from '../kit/upstream.mjs';
import { hd, secretOf, startProvider, tid } from '../kit/upstream-oidc.mjs';

const person = (name, more = {}) => ({ sub: `sub-${name}`, email: `${name}@northside.example`, given_name: name, family_name: 'Hale', groups: ['Doctors'], ...more });
const north = ['--practice', 'northside'];

async function world(t, store, names, nodes = 1) {
  const clinic = await startClinic({ store, nodes });
  const liar = await startLiar();
  t.after(async () => { liar.stop(); await clinic.stop(); });
  register(clinic, app('story'));
  const ops = Object.fromEntries(names.map((name) => [name, liar.add(name, person(name))]));
  declare(clinic, Object.values(ops).map((op) => liarConnection(op)));
  if (nodes > 1) await sleep(1000); // by then every node knows the connections (220)
  const through = (op, who, more = {}) => { op.person = who; return throughUpstream(clinic, { connection: op.name, app: { tenant: 'northside' }, ...more }); };
  return { clinic, ops, through };
}

for (const store of stores) {
  test(`an address is nobody's proof (${store})`, async (t) => {
    const { clinic, ops: { rogue, other }, through } = await world(t, store, ['rogue', 'other']);
    const ada = staff.ada.username;
    const before = sessionsOf(clinic).length;
    const victim = person('mallory', { email: ada });

    await t.test('the victim\'s verified address and another subject: the account\'s own password is asked for', async () => {
      const way = await through(rogue, victim);
      assert.equal(way.answer.code, undefined);
      assert.match(way.page.text, /id="password"/);
      for (const password of ['wrong-password-of-hers', '', 'lantern']) {
        const tried = await way.agent.submit(way.page, { password }, upstreamForm);
        assert.ok(!tried.location, tried.location);
      }
      assert.deepEqual([links(clinic).length, sessionsOf(clinic).length], [0, before]);
    });

    await t.test('guesses there are of the same budget as at the password page', async () => {
      const way = await through(rogue, person('mallory', { email: 'marco@northside.example', sub: 'guesser' }));
      let page = way.page;
      for (let n = 0; n < 12 && /id="password"/.test(page.text); n++) page = await way.agent.submit(page, { password: `guess-${n}` }, upstreamForm);
      const last = await new Agent().signIn(`${clinic.issuer}/login`, { username: 'marco@northside.example', password: staff.ada.password });
      assert.doesNotMatch(last.text, /id="signed-in"/, 'the right password is late');
      clinic.must('user', 'unlock', 'marco@northside.example', ...north);
    });

    await t.test('an address that is not verified leads nowhere, and the page does not tell whether somebody has it', async () => {
      const pages = [];
      for (const email of [ada, 'nobody@northside.example']) {
        const way = await through(rogue, person('mallory', { sub: `m-${email}`, email, email_verified: false }));
        assert.deepEqual([way.answer.code, lastRefusal(clinic).reason], [undefined, 'email_unverified']);
        pages.push(masked(way.page, email));
      }
      assert.equal(pages[0], pages[1]);
    });

    await t.test('look-alikes of the address are other addresses, or none', async () => {
      const before = links(clinic).length;
      for (const [at, email] of ['ADA@northside.example', 'ada@NORTHSIDE.example', 'ada@northside.example.', ' ada@northside.example', 'аda@northside.example', 'ada+x@northside.example', 'ada@northside.example@evil.example', '"ada"@northside.example'].entries()) {
        const way = await through(rogue, person('mallory', { sub: `l-${at}`, email }));
        if (way.answer.code) assert.notEqual((await redeem(clinic, way)).id.sub, accounts(clinic).find((one) => one.email === ada).id, email);
      }
      assert.equal(links(clinic).filter((link) => link.account_id === accounts(clinic).find((one) => one.email === ada).id).length, 0, `${before}`);
    });

    await t.test('an account that somebody registered first is not merged with who comes by the provider', async () => {
      clinic.must('user', 'add', 'early@northside.example', ...north, '--role', 'front-desk', '--location', 'main');
      const way = await through(rogue, person('early'));
      assert.equal(way.answer.code, undefined);
      assert.match(way.page.text, /id="password"/);
      assert.equal(links(clinic).some((link) => link.subject === 'sub-early'), false);
    });

    await t.test('with the password the link is made, once, and nothing else of the account changes', async () => {
      const way = await through(rogue, person('ada', { email: ada, groups: ['Reception'] }));
      const proof = formOf(way.page.text, upstreamForm);
      const account = accounts(clinic).find((one) => one.email === ada);
      const made = count(clinic, 'account.link');
      const url = new URL(proof.action || way.page.url, way.page.url).href;
      const form = { ...proof.fields, password: staff.ada.password };

      const elsewhere = await new Agent().send(url, { method: 'POST', form });
      assert.ok(elsewhere.status >= 400 && !elsewhere.location, 'in another browser');
      assert.equal(links(clinic).filter((link) => link.account_id === account.id).length, 0);

      const done = await travel(way.agent, await way.agent.send(url, { method: 'POST', form }));
      const code = done.location && new URL(done.location).searchParams.get('code');
      assert.ok(code, shown(done));
      const mine = links(clinic).filter((link) => link.account_id === account.id);
      assert.deepEqual(mine.map((link) => [link.connection_id, link.subject]), [['rogue', 'sub-ada']]);
      assert.equal(count(clinic, 'account.link') - made, 1);

      const replay = await travel(way.agent, await way.agent.send(url, { method: 'POST', form }));
      assert.ok(!replay.location || !new URL(replay.location).searchParams.get('code'), 'the same proof again');
      assert.equal(count(clinic, 'account.link') - made, 1);
    });

    await t.test('the proof of one person there is not another\'s', async () => {
      const first = await through(other, person('p1', { email: 'priya@northside.example' }));
      const second = await through(other, person('p2', { email: 'priya@northside.example' }));
      const form = { ...formOf(first.page.text, upstreamForm).fields, password: staff.ada.password };
      const url = new URL(formOf(second.page.text, upstreamForm).action || second.page.url, second.page.url).href;
      const crossed = await second.agent.send(url, { method: 'POST', form });
      assert.ok(crossed.status >= 400 || /id="error-code"/.test(crossed.text), shown(crossed));
      assert.equal(links(clinic).some((link) => link.subject === 'sub-p2' || link.subject === 'sub-p1'), false);
      // The proof counts where it was asked for.
      const done = await travel(first.agent, await first.agent.submit(first.page, { password: staff.ada.password }, upstreamForm));
      assert.ok(done.location, shown(done));
      assert.deepEqual(links(clinic).filter((link) => /sub-p[12]/.test(link.subject)).map((link) => link.subject), ['sub-p1']);
    });

    await t.test('after unlinking, the person there is nobody here again, and the sessions that came by it are over', async () => {
      rogue.person = person('ada', { email: ada });
      const { access_token } = await signInBy(clinic, { connection: 'rogue', app: { tenant: 'northside' } });
      assert.equal(await isActive(clinic, access_token), true);
      clinic.must('user', 'unlink', ada, '--connection', 'rogue', ...north);
      await untilInactive(clinic, access_token);
      const again = await through(rogue, person('ada', { email: ada }));
      assert.equal(again.answer.code, undefined);
      assert.match(again.page.text, /id="password"/);
    });

    await t.test('a disabled account stays out by every connection', async () => {
      const way = await through(rogue, person('dana'));
      const tried = /id="password"/.test(way.page.text) ? await way.agent.submit(way.page, { password: staff.ada.password }, upstreamForm) : way.page;
      assert.ok(!tried.location && !way.answer.code, shown(tried));
    });
  });

  test(`Entra's tenant and Google's hosted domain are what the connection says (${store})`, async (t) => {
    const clinic = await startClinic({ store });
    const base = { given_name: 'Eve', family_name: 'Hale', groups: ['Doctors'] };
    const entra = await startProvider(clinic, { dress: 'entra', people: { eve: { ...base, sub: 'E', email: 'eve@corp.example' } }, connections: [['entra']] });
    const google = await startProvider(clinic, { dress: 'google', people: { eve: { ...base, sub: 'G', email: `eve@${hd}` } }, connections: [['google']] });
    t.after(async () => { await Promise.all([entra.stop(), google.stop()]); await clinic.stop(); });
    register(clinic, app('story'));
    const grant = { provision: { on_unmapped: 'default' }, default_grant: { class: 'staff', role: 'front-desk', locations: ['main'] } };
    declare(clinic, [connection('entra', { preset: 'entra', tid, issuer: entra.issuer, client_secret: secretOf('entra'), ...grant }), connection('google', { preset: 'google', hd, issuer: google.issuer, client_secret: secretOf('google'), ...grant })]);
    const before = accounts(clinic).length;
    // [provider, what it says, the word]
    const rowsOf = [
      ['entra', { tid: '9188040d-6c67-4c5b-b112-36a304b66dad' }, 'tid'], ['entra', { tid: null }, 'tid'], ['entra', { tid: tid.toUpperCase() }, 'tid'], ['entra', { tid: [tid] }, 'tid'], ['entra', { oid: null }, 'oid'], ['entra', { oid: '' }, 'oid'], ['entra', { oid: 7 }, 'oid'],
      ['google', { hd: null }, 'hd'], ['google', { hd: 'evil.example' }, 'hd'], ['google', { hd: `${hd}.` }, 'hd'], ['google', { hd: [hd] }, 'hd'], ['google', { hd: true }, 'hd'],
    ];
    for (const [name, changes, word] of rowsOf) {
      await t.test(`${name} saying ${JSON.stringify(changes)} is refused: ${word}`, async () => {
        const op = { entra, google }[name];
        const sound = op.people.eve;
        op.people.eve = { ...sound, ...changes };
        const way = await throughUpstream(clinic, { connection: name, app: { tenant: 'northside' } });
        op.people.eve = sound;
        assert.deepEqual([way.answer.code, wordOf(way)], [undefined, 'upstream_answer'], shown(way.page));
        assert.match(JSON.stringify(lastRefusal(clinic)), new RegExp(`"${word}"`));
        assert.equal(accounts(clinic).length, before);
      });
    }

    await t.test('tenants of anybody, or no hosted domain, cannot be declared', () => {
      for (const bad of [{ preset: 'entra', issuer: entra.issuer }, { preset: 'google', issuer: google.issuer }]) {
        const applied = clinic.apply({ practices: [{ id: 'northside', connections: [connection('loose', { client_secret: 'x'.repeat(40), ...bad })] }] });
        assert.notEqual(applied.code, 0, JSON.stringify(bad));
        assert.match(applied.err + applied.out, bad.preset === 'entra' ? /tid/ : /hd/);
      }
    });
  });

  test(`what is switched off on the way stays out, and a callback counts once (${store})`, async (t) => {
    const { clinic, ops: { main }, through } = await world(t, store, ['main'], store === 'postgresql' ? 2 : 1);
    main.person = person('kim');
    const by = { connection: 'main', app: { tenant: 'northside' } };
    await signInBy(clinic, by);

    // How far a sign-in is when it happens; then it goes on.
    const steps = {
      'the page shown': async () => { const way = await pageShown(); return () => finish(clinic, way, way.button); },
      'sent to the provider': async () => { const way = await atProvider(); return () => finish(clinic, way); },
      'answered by the provider': async () => { const way = await toCallback(clinic, by); return () => finish(clinic, way); },
      'back at the dispatcher': async () => {
        const way = await toCallback(clinic, by);
        const page = await travel(way.agent, way.url, { before: (url) => url.includes('/login?flow=') });
        assert.ok(page.location?.includes('/login?flow='), shown(page));
        return () => finish(clinic, way, page.location);
      },
      'the code given': async () => { const way = await throughUpstream(clinic, by); assert.ok(way.form.code, shown(way.page)); return async () => way; },
    };
    async function pageShown() {
      const agent = new Agent();
      const { parameters, verifier } = request(by.app);
      const page = await agent.follow(authorizeUrl(clinic, parameters));
      return { agent, parameters, verifier, button: buttonsOf(page).main };
    }
    async function atProvider() {
      const way = await pageShown();
      const page = await travel(way.agent, way.button, { before: (url) => url.startsWith(main.issuer) });
      return { ...way, url: page.location };
    }
    const switches = {
      'the connection': [() => clinic.must('connection', 'disable', 'main', ...north, '--yes'), () => clinic.must('connection', 'enable', 'main', ...north)],
      'the account': [() => clinic.must('user', 'disable', 'kim@northside.example', ...north), () => clinic.must('user', 'enable', 'kim@northside.example', ...north)],
      'the practice': [() => clinic.must('practice', 'set', 'northside', '--disable'), () => clinic.must('practice', 'set', 'northside', '--enable')],
    };
    for (const [what, [off, on]] of Object.entries(switches)) {
      for (const [step, begin] of Object.entries(steps)) {
        await t.test(`${what} disabled with ${step}: no token`, async () => {
          const goOn = await begin();
          off();
          const way = await goOn();
          const got = way.form.code ? await post(clinic, '/oauth2/token', way.form, basic('story')) : null;
          on();
          assert.ok(got === null || got.status >= 400, `${got?.text}`);
          assert.deepEqual(got?.json?.access_token, undefined);
        });
      }
    }

    await t.test('the connection disabled with the page of linking shown: no token, and nothing is linked', async () => {
      main.person = person('ada', { email: staff.ada.username });
      const way = await throughUpstream(clinic, by);
      main.person = person('kim');
      assert.match(way.page.text, /id="password"/, shown(way.page));
      const before = links(clinic).length;
      switches['the connection'][0]();
      const page = await travel(way.agent, await way.agent.submit(way.page, { password: staff.ada.password }, upstreamForm));
      switches['the connection'][1]();
      assert.ok(page.status >= 400 && !page.location, shown(page));
      assert.equal(links(clinic).length, before);
    });

    await t.test('disabling ends what came by the connection', async () => {
      const { access_token } = await signInBy(clinic, by);
      assert.equal(await isActive(clinic, access_token), true);
      switches['the connection'][0]();
      await untilInactive(clinic, access_token);
      switches['the connection'][1]();
      await signInBy(clinic, by);
    });

    await t.test('and what outlives a sign-out: a refresh token for offline access', async () => {
      const { refresh_token } = await signInBy(clinic, { ...by, app: { ...by.app, scope: 'openid offline_access' } });
      const renew = () => post(clinic, '/oauth2/token', { grant_type: 'refresh_token', refresh_token }, basic('story'));
      assert.ok(refresh_token);
      switches['the connection'][0]();
      const refused = await renew();
      switches['the connection'][1]();
      assert.deepEqual([refused.status, refused.json.error, (await renew()).status], [400, 'invalid_grant', 400]);
    });

    await t.test('64 parallel replays of a callback, at every node: one is heard', async () => {
      const way = await toCallback(clinic, by);
      const heard = count(clinic, 'upstream.login.ok');
      const asked = main.count('token');
      const cookie = [...way.agent.jar(clinic.issuer)].map(([name, value]) => `${name}=${value}`).join('; ');
      const { pathname, search } = new URL(way.url);
      const answers = await Promise.all(Array.from({ length: 64 }, (_, i) => new Agent().send(new URL(pathname + search, clinic.bases[i % clinic.bases.length]).href, { headers: { cookie } })));
      const won = answers.filter((answer) => answer.location?.includes('/login'));
      assert.deepEqual([won.length, answers.filter((answer) => answer.status >= 400).length], [1, 63], JSON.stringify(answers.map((answer) => answer.status)));
      assert.deepEqual([count(clinic, 'upstream.login.ok') - heard, main.count('token') - asked], [1, 1]);
      const onward = new URL(won[0].location);
      const end = await finish(clinic, way, new URL(onward.pathname + onward.search, clinic.issuer).href);
      assert.ok(end.form.code, shown(end.page));
    });

    // [name, what becomes of the address]
    const bent = [
      ['without a state', (url) => url.searchParams.delete('state')], ['with an empty state', (url) => url.searchParams.set('state', '')], ['with the state cut', (url) => url.searchParams.set('state', url.searchParams.get('state').slice(0, -1))],
      ['with another secret', (url) => url.searchParams.set('state', `${url.searchParams.get('state').split('.')[0]}.${'A'.repeat(43)}`)], ['with two states', (url) => url.searchParams.append('state', url.searchParams.get('state'))],
      ['with two codes', (url) => url.searchParams.append('code', 'x')], ['for no connection', (url) => { url.pathname = '/federation/nobody/callback'; }],
    ];
    for (const [name, bend] of bent) {
      await t.test(`a callback ${name} is refused`, async () => {
        const way = await toCallback(clinic, by);
        const url = new URL(way.url);
        bend(url);
        const answer = await way.agent.send(url.href);
        assert.ok(answer.status >= 400 && !answer.location, `${answer.status} ${answer.location}`);
      });
    }

    await t.test('a callback in another browser is refused, and is then of no use in its own', async () => {
      const way = await toCallback(clinic, by);
      const answer = await new Agent().send(way.url);
      assert.ok(answer.status >= 400 && !answer.location, answer.text);
      const other = await toCallback(clinic, by);
      const crossed = await other.agent.send(way.url);
      assert.ok(crossed.status >= 400 && !crossed.location, 'in a browser that has a sign-in of its own');
    });

    await t.test('the address of somebody in the other practice makes a person here, and nothing there', async () => {
      const way = await through(main, person('henry', { email: henry.username }));
      const { id } = await redeem(clinic, way);
      assert.deepEqual([id.tenant, rolesAt(id)], ['northside', { main: ['provider'] }]);
      assert.ok(!links(clinic).some((link) => link.practice_id === 'riverside'));
      assert.notEqual(id.sub, accounts(clinic, 'riverside').find((one) => one.email === henry.username).id);
    });
  });
}
