// Guessing is bounded before anything is hashed, whatever the spelling, the address or the number of hands; nobody learns
// who has an account; and no step of a sign-in moves on by nothing (security.md E1 to E4, E17; NIST SP 800-63B-4 3.2.2).
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Agent, errorCode, formOf } from '../kit/agent.mjs';
import { people, sleep, startClinic, stores } from '../kit/clinic.mjs';
import { app, authorizeUrl, encode, events, register, request, sam } from '../kit/hostile.mjs';

const loginForm = /<form[^>]*id="login-form"[^>]*>/;
const wrong = 'not-the-password-at-all';
const proxies = { LANYARD_TRUSTED_PROXIES: '127.0.0.1' };
const from = (address) => (address ? { 'x-forwarded-for': address } : {});

// A sign-in page, ready to be answered many times and from many hands.
async function opened(clinic, parameters = {}) {
  const agent = new Agent();
  const page = await agent.follow(authorizeUrl(clinic, request(parameters).parameters));
  return { agent, page, fields: formOf(page.text, loginForm).fields };
}
const cookies = ({ agent }, clinic) => [...agent.jar(clinic.issuer)].map(([name, value]) => `${name}=${value}`).join('; ');

// As fetch sends it: nothing is followed, no cookie kept, so that tries can be parallel.
async function attempt(clinic, at, username, password, { base = clinic.bases[0], address } = {}) {
  const answer = await fetch(`${base}/login/password`, {
    method: 'POST', redirect: 'manual', body: new URLSearchParams({ ...at.fields, username, password }),
    headers: { 'content-type': 'application/x-www-form-urlencoded', cookie: cookies(at, clinic), ...from(address) },
  });
  const text = await answer.text();
  return { status: answer.status, code: errorCode(text) ?? (answer.headers.get('location') ? 'onward' : ''), text, headers: answer.headers };
}
const tally = (answers) => answers.reduce((all, { code }) => ({ ...all, [code]: (all[code] ?? 0) + 1 }), {});
const count = (clinic, type) => events(clinic).filter((event) => event.type === type).length;

for (const store of stores) {
  test(`64 parallel guesses get no more than the budget, over all nodes (${store})`, async (t) => {
    const clinic = await startClinic({ store, nodes: store === 'postgresql' ? 2 : 1, env: { ...proxies, LANYARD_LIMITS_SIGN_IN_TRIES: '10', LANYARD_LIMITS_SIGN_IN_WINDOW: '15m' } });
    t.after(() => clinic.stop());
    register(clinic, app('story'));
    await sleep(600);
    const home = '198.51.100.7';

    await t.test('at most ten are looked at, the others are told to wait', async () => {
      const pages = await Promise.all(Array.from({ length: 8 }, () => opened(clinic)));
      const answers = await Promise.all(Array.from({ length: 64 }, (_, n) => attempt(clinic, pages[n % 8], people.ada.username, `${wrong}${n}`, { base: clinic.bases[n % clinic.bases.length], address: home })));
      const { sign_in_failed: looked = 0, locked = 0 } = tally(answers);
      assert.equal(looked + locked, 64, JSON.stringify(tally(answers)));
      assert.ok(looked <= 10 && looked >= 8, `${looked} were looked at`);
      assert.deepEqual([count(clinic, 'auth.login.fail'), count(clinic, 'auth.login.locked')], [looked, locked], 'and each is on record');
      for (const answer of answers.filter((a) => a.code === 'locked')) {
        assert.equal(answer.status, 429);
        assert.ok(Number(answer.headers.get('retry-after')) > 0 && Number(answer.headers.get('retry-after')) <= 3600, answer.headers.get('retry-after'));
        assert.match(answer.text, /id="login-form"/, 'the form stays');
      }
    });

    await t.test('the right password waits as well, on every node and at every door of that network', async () => {
      for (const base of clinic.bases) {
        for (const parameters of [{}, { tenant: 'northside' }, { prompt: 'login' }]) {
          const answer = await attempt(clinic, await opened(clinic, parameters), people.ada.username, people.ada.password, { base, address: home });
          assert.equal(answer.code, 'locked');
        }
      }
    });

    await t.test('other spellings of the address share the budget', async () => {
      const at = await opened(clinic);
      for (const spelling of ['ADA@NORTHSIDE.EXAMPLE', 'Ada@Northside.Example', ' ada@northside.example', 'ada@northside.example\t', ' ADA@northside.EXAMPLE ']) {
        assert.equal((await attempt(clinic, at, spelling, people.ada.password, { address: home })).code, 'locked', JSON.stringify(spelling));
      }
    });

    await t.test('what is no spelling of it opens nothing', async () => {
      const at = await opened(clinic);
      for (const [n, spelling] of ['ada@northside.example.', 'ada+x@northside.example', '"ada"@northside.example', 'ada @northside.example', 'ada@northside.example,fiona@northside.example', 'ada@northside.example%00', 'аda@northside.example', 'ada＠northside.example', 'ada@northside.example@x.example', 'ada', '<ada@northside.example>', 'mailto:ada@northside.example'].entries()) {
        const answer = await attempt(clinic, at, spelling, people.ada.password, { address: `203.0.113.${n}` });
        assert.equal(answer.code, 'sign_in_failed', spelling);
      }
    });

    await t.test('elsewhere the person signs in, and another person signs in here', async () => {
      assert.equal((await attempt(clinic, await opened(clinic), people.ada.username, people.ada.password, { address: '192.0.2.9' })).code, 'onward');
      assert.equal((await attempt(clinic, await opened(clinic), 'fiona@northside.example', people.ada.password, { address: home })).code, 'onward');
    });

    await t.test('the neighbours in one IPv6 network are one network', async () => {
      const at = await opened(clinic);
      const answers = [];
      for (let n = 1; n <= 12; n++) answers.push(await attempt(clinic, at, 'tomas@northside.example', wrong, { address: `2001:db8:5:6::${n.toString(16)}` }));
      assert.ok(tally(answers).sign_in_failed <= 10);
      assert.equal(answers.at(-1).code, 'locked');
      assert.equal((await attempt(clinic, at, 'tomas@northside.example', people.ada.password, { address: '2001:db8:5:7::1' })).code, 'onward');
    });

    await t.test('an address that nobody has is bounded the same way', async () => {
      const at = await opened(clinic);
      const answers = await Promise.all(Array.from({ length: 32 }, () => attempt(clinic, at, 'nobody@northside.example', wrong, { address: '192.0.2.77' })));
      assert.ok(tally(answers).sign_in_failed <= 10);
      assert.equal(tally(answers).sign_in_failed + tally(answers).locked, 32);
    });

    await t.test('one address at both practices: neither half is a second budget', async () => {
      const address = '192.0.2.50';
      const open = await opened(clinic);
      const answers = [];
      for (let n = 0; n < 14; n++) answers.push(await attempt(clinic, open, sam.username, wrong, { address }));
      assert.ok(tally(answers).sign_in_failed <= 10);
      for (const tenant of ['northside', 'riverside']) assert.equal((await attempt(clinic, await opened(clinic, { tenant }), sam.username, sam.password, { address })).code, 'locked', tenant);
    });

    await t.test('a command unlocks', async () => {
      clinic.must('user', 'unlock', people.ada.username, '--practice', 'northside');
      assert.equal((await attempt(clinic, await opened(clinic), people.ada.username, people.ada.password, { address: home })).code, 'onward');
    });

    await t.test('a hundred failures in a row from everywhere stop the account until somebody unlocks it', async () => {
      const at = await opened(clinic);
      const guesses = await Promise.all(Array.from({ length: 120 }, (_, n) => attempt(clinic, at, 'bilal@northside.example', wrong, { address: `203.0.${n % 60}.${n}` })));
      // Of tries in the same moment the last that fits may be refused: it fits a moment later.
      for (let n = 0; n < 3; n++) guesses.push(await attempt(clinic, at, 'bilal@northside.example', wrong, { address: `192.0.2.${100 + n}` }));
      assert.equal(tally(guesses).sign_in_failed, 100, JSON.stringify(tally(guesses)));
      assert.equal((await attempt(clinic, at, 'bilal@northside.example', people.ada.password, { address: '192.0.2.200' })).code, 'locked');
      clinic.must('user', 'unlock', 'bilal@northside.example', '--practice', 'northside');
      assert.equal((await attempt(clinic, at, 'bilal@northside.example', people.ada.password, { address: '192.0.2.200' })).code, 'onward');
    });
  });

  test(`waiting as long as told is enough (${store})`, async (t) => {
    const clinic = await startClinic({ store, env: { LANYARD_LIMITS_SIGN_IN_TRIES: '30', LANYARD_LIMITS_SIGN_IN_WINDOW: '60' } });
    t.after(() => clinic.stop());
    register(clinic, app('story'));
    const at = await opened(clinic);
    let answer;
    for (let n = 0; n < 12 && answer?.code !== 'locked'; n++) {
      const answers = await Promise.all(Array.from({ length: 16 }, () => attempt(clinic, at, people.ada.username, wrong)));
      answer = answers.find((a) => a.code === 'locked');
    }
    assert.equal(answer.code, 'locked');
    const seconds = Number(answer.headers.get('retry-after'));
    assert.ok(seconds >= 1 && seconds <= 4, String(seconds));
    await sleep(seconds * 1000);
    assert.equal((await attempt(clinic, await opened(clinic), people.ada.username, people.ada.password)).code, 'onward');
  });

  test(`nobody learns who has an account (${store})`, async (t) => {
    const clinic = await startClinic({ store, env: { LANYARD_LIMITS_SIGN_IN_TRIES: '100' } });
    t.after(() => clinic.stop());
    register(clinic, app('story'), app('near', { practices: ['northside'] }));
    clinic.must('user', 'add', 'fresh@northside.example', '--role', 'provider', '--location', 'main', '--practice', 'northside');

    // The page without what is different by its nature, and headers without what changes with the clock.
    const mask = (answer, username) => {
      const text = answer.text.replace(/name="(flow|csrf)" value="[^"]*"/g, 'name="$1"').replace(/[A-Z0-9]{4}-[A-Z0-9]{4}-[A-Z0-9]{4}/g, 'REF').replaceAll(username.replace(/'/g, '&#39;'), 'WHO');
      const headers = [...answer.headers].filter(([name]) => !['date', 'content-length', 'x-request-id', 'set-cookie'].includes(name)).sort();
      return { status: answer.status, text, headers, cookies: answer.headers.getSetCookie().map((line) => line.split('=')[0]) };
    };
    const outcomes = [
      ['nobody', 'nobody@northside.example', wrong], ['a wrong password', 'fiona@northside.example', wrong], ['a disabled account with a wrong password', 'dana@northside.example', wrong], ['a disabled account with the right password', 'dana@northside.example', people.ada.password],
      ['somebody of the other practice', 'henry@riverside.example', wrong], ['an unknown domain', 'x@nowhere.example', wrong], ['an address of two practices', sam.username, wrong], ['no address at all', 'not an address', wrong], ['an empty password', 'fiona@northside.example', ''], ['an empty password of nobody', 'nobody@northside.example', ''],
      ['a password of 1024 bytes', 'fiona@northside.example', 'x'.repeat(1024)], ['a password of 1025 bytes', 'fiona@northside.example', 'x'.repeat(1025)], ['a password of 1025 bytes of nobody', 'nobody@northside.example', 'x'.repeat(1025)], ['an account that has to change its password, a wrong one', 'fresh@northside.example', wrong],
    ];
    for (const [what, parameters] of [['any practice', {}], ['a practice that was asked for', { tenant: 'northside' }], ['an app of one practice', { client_id: 'near' }]]) {
      await t.test(`${outcomes.length} outcomes look the same at ${what}`, async () => {
        const looks = [];
        for (const [name, username, password] of outcomes) looks.push([name, mask(await attempt(clinic, await opened(clinic, parameters), username, password), username)]);
        assert.equal(looks[0][1].status, 403);
        for (const [name, look] of looks) assert.deepEqual(look, looks[0][1], name);
      });
    }

    await t.test('the record keeps what the page does not say, without the address of nobody', async () => {
      const failed = events(clinic).filter((event) => event.type === 'auth.login.fail');
      for (const reason of ['unknown', 'wrong_password', 'disabled']) assert.ok(failed.some((event) => event.body.reason === reason), reason);
      assert.doesNotMatch(JSON.stringify(failed), /nobody@|nowhere\.example|not-the-password/);
    });
  });

  test(`no step moves on by an empty, damaged or foreign answer (${store})`, async (t) => {
    const clinic = await startClinic({ store });
    t.after(() => clinic.stop());
    register(clinic, app('story'), app('placed', { require_location: true }), app('third', { first_party: false }));
    const { password } = clinic.must('user', 'add', 'new@northside.example', '--role', 'provider', '--location', 'main', '--practice', 'northside').json;

    // How to get there, what stands on the page, and where the answer goes.
    const steps = {
      person: { parameters: {}, mark: /id="login-form"/, path: '/login/password' },
      practice: { parameters: {}, who: sam, mark: /id="practice"/, path: '/login/practice' },
      change: { parameters: {}, who: { username: 'new@northside.example', password }, mark: /id="change-form"/, path: '/login/change' },
      location: { parameters: { client_id: 'placed' }, who: people.ada, mark: /id="location"/, path: '/login/location' },
      consent: { parameters: { client_id: 'third' }, who: people.ada, mark: /id="consent-allow"/, path: '/consent' },
    };
    const reach = async ({ parameters, who }) => {
      const agent = new Agent();
      let page = await agent.follow(authorizeUrl(clinic, request(parameters).parameters));
      if (who) page = await agent.submit(page, who, loginForm);
      return { agent, page, fields: formOf(page.text).fields };
    };
    const junk = {
      person: [{ username: '', password: '' }, { username: 'x'.repeat(255), password: 'x' }, { password: 'x' }, { username: 'x@y.example' }],
      practice: [{ practice: '' }, { practice: 'nowhere' }, { practice: 'x'.repeat(300) }, { location: 'main' }],
      change: [{ new_password: '', new_password_again: '' }, { new_password: 'a-good-password-of-words-77' }, { new_password: 'a-good-password-of-words-77', new_password_again: 'a-good-password-of-words-78' }, { new_password: password, new_password_again: password },
        { new_password: 'password', new_password_again: 'password' }, { new_password: 'new@northside.example', new_password_again: 'new@northside.example' }, { new_password: 'x'.repeat(1025), new_password_again: 'x'.repeat(1025) }, { new_password: 'short-Aa1!', new_password_again: 'short-Aa1!' }],
      location: [{ location: '' }, { location: 'harbor' }, { location: 'all' }, { practice: 'northside' }],
      consent: [{ decision: '' }, { decision: 'yes' }, { allow: '1' }],
    };

    for (const [name, step] of Object.entries(steps)) {
      await t.test(`${name}: still there after every bad answer`, async () => {
        const { agent, page, fields } = await reach(step);
        assert.match(page.text, step.mark, page.location ?? page.text.slice(0, 400));
        const url = `${clinic.issuer}${step.path}`;
        const here = async (what) => {
          const again = await agent.follow(`${clinic.issuer}/login?flow=${fields.flow}`);
          assert.match(again.text, step.mark, `${what}: ${again.location ?? again.text.slice(0, 300)}`);
          assert.equal(agent.jar(clinic.issuer).has('lanyard-session'), name === 'location' || name === 'consent', `${what}: no session came of it`);
        };
        const send = (form, headers = {}) => agent.send(url, { method: 'POST', form, headers });
        const bad = [
          ['an empty form', {}], ['the flow alone', { flow: fields.flow }], ['the form token alone', { csrf: fields.csrf }], ['nothing but the hidden fields', fields], ['an empty form token', { ...fields, csrf: '' }], ['another form token', { ...fields, csrf: 'A'.repeat(43) }],
          ['another flow', { ...fields, flow: 'flow_00000000000000000000000000' }], ['a damaged flow', { ...fields, flow: "' OR 1=1" }], ...junk[name].map((more) => [`wrong fields ${encode(more).slice(0, 60)}`, { ...fields, ...more }]),
        ];
        for (const [what, form] of bad) {
          const answer = await send(form);
          assert.ok(answer.status >= 200 && answer.status < 500, `${what}: ${answer.status}`);
          assert.ok(!answer.location || answer.location.startsWith(clinic.issuer), `${what}: ${answer.location}`);
          await here(what);
        }
        const foreign = await send({ ...fields, ...junk[name][0] }, { origin: 'https://evil.example' });
        assert.equal(foreign.status, 403);
        const types = [['application/json', '{}'], ['multipart/form-data; boundary=x', '--x\r\nContent-Disposition: form-data; name="csrf"\r\n\r\nx\r\n--x--\r\n'], ['text/plain', encode(fields)], ['', '']];
        for (const [type, body] of types) {
          const answer = await agent.send(url, { method: 'POST', headers: type ? { 'content-type': type } : {}, body });
          assert.ok([400, 403, 415].includes(answer.status) || answer.location?.startsWith(`${clinic.issuer}/login`), `${type}: ${answer.status}`);
          await here(type);
        }
        const large = await agent.send(url, { method: 'POST', form: { ...fields, x: 'x'.repeat(20000) } });
        assert.equal(large.status, 413);
        const many = await agent.send(url, { method: 'POST', form: `${encode(fields)}${'&a=1'.repeat(700)}` });
        assert.ok([400, 413].includes(many.status), String(many.status));
        await here('a large form');
        assert.equal((await new Agent().send(url, { method: 'POST', form: fields })).location?.includes('code=') ?? false, false, 'nor from another browser');
        await here('another browser');
      });
    }

    await t.test('a later step answered before its time leads back to the one that is due', async () => {
      for (const [name, step] of Object.entries(steps)) {
        const { agent, fields } = await reach(step);
        for (const [other, { path }] of Object.entries(steps)) {
          if (other === name) continue;
          const answer = await agent.send(`${clinic.issuer}${path}`, { method: 'POST', form: { ...fields, practice: 'northside', location: 'main', decision: 'allow', new_password: 'a-good-password-of-words-77', new_password_again: 'a-good-password-of-words-77' } });
          assert.ok(!answer.location || answer.location.startsWith(`${clinic.issuer}/login`), `${other} at ${name}: ${answer.location}`);
          const again = await agent.follow(`${clinic.issuer}/login?flow=${fields.flow}`);
          assert.match(again.text, step.mark, `${other} at ${name}`);
        }
      }
    });

    await t.test('a password that meets the rules ends the change, and the one shown once is gone', async () => {
      const { agent, page } = await reach(steps.change);
      const next = 'seven-otters-paint-the-harbor-41';
      const done = await agent.submit(page, { new_password: next, new_password_again: next });
      assert.match(done.location ?? '', /code=/, done.text);
      const at = await opened(clinic);
      assert.equal((await attempt(clinic, at, 'new@northside.example', password)).code, 'sign_in_failed');
      assert.equal((await attempt(clinic, at, 'new@northside.example', next)).code, 'onward');
    });
  });
}
