// A desk that several people share: they come and go in one browser, leave forms open, lose cookies, press Back, use tabs.
// Nobody ever gets what is somebody else's (security.md D1, D2, S-2), and nobody loses what was typed (ux.md 1.4).
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openBrowser } from '../kit/browser.mjs';
import { people, startClinic, stores } from '../kit/clinic.mjs';
import { startDemoApp } from '../kit/demo-app.mjs';
import { basic, post, rows, userinfo } from '../kit/hostile.mjs';
import { openApp, pageApp, signIn, startReceiver, verifier, watch, write } from '../kit/pages.mjs';

const ada = { ...people.ada, name: 'Ada Okafor' };
const fiona = { username: 'fiona@northside.example', password: people.ada.password, name: 'Fiona Dale' };
const forget = (context, ...names) => Promise.all(names.map((name) => context.clearCookies({ name })));

async function open(t, store, { demo = false, env = {} } = {}) {
  const clinic = await startClinic({ store, env });
  const receiver = await startReceiver();
  const app = demo ? await startDemoApp(clinic) : null;
  const browser = await openBrowser();
  t.after(async () => { await browser.close(); app?.stop(); receiver.stop(); await clinic.stop(); });
  const applied = clinic.apply({ apps: ['one', 'two', 'three', 'four'].map((name) => pageApp(receiver, name)) });
  assert.equal(applied.code, 0, applied.err);
  const context = await browser.newContext();
  const complaints = await watch(context);
  return { clinic, receiver, app, browser, context, complaints, page: await context.newPage() };
}

// Whose code an app got: the app redeems it and asks.
async function ownerOf(clinic, receiver, name) {
  const { path, query } = receiver.asked.at(-1);
  assert.deepEqual([path, query.state], [`/cb/${name}`, `state-${name}`]);
  assert.ok(query.code, 'the app got a code');
  const answer = await post(clinic, '/oauth2/token', { grant_type: 'authorization_code', code: query.code, redirect_uri: `${receiver.base}${path}`, code_verifier: verifier }, basic(name));
  assert.equal(answer.status, 200, answer.text);
  return (await userinfo(clinic, answer.json.access_token)).json.email;
}

for (const store of stores) {
  test(`two people take turns ten times each and are never mixed (${store})`, async (t) => {
    const { clinic, app, context, page, complaints } = await open(t, store, { demo: true });
    const seen = { ada: new Set(), fiona: new Set() };
    const sids = new Set();

    // What the app and the sign-in service say about who is here.
    const check = async (who, name, isNew) => {
      await page.waitForSelector('#who');
      const claims = JSON.parse(await page.textContent('#claims'));
      assert.equal(await page.textContent('#who'), who.name);
      assert.equal(await page.textContent('#email'), who.username);
      seen[name].add(claims.sub);
      assert.equal(seen[name].size, 1, 'the same person under the same sub');
      if (isNew) assert.ok(!sids.has(claims.sid), 'a session of its own');
      sids.add(claims.sid);
    };
    const arrive = async (who) => {
      await page.goto(app.base);
      await page.click('#sign-in');
      await page.waitForSelector('#login-form');
      await signIn(page, who);
    };

    // Ways to leave the desk; after each the next person signs in.
    const leaves = {
      'signs out in the app': async () => { await page.click('#sign-out'); await page.waitForSelector('#sign-in'); },
      'signs out in the app after the session cookie was lost': async () => { await forget(context, 'lanyard-session'); await page.click('#sign-out'); await page.waitForSelector('#sign-in'); },
      'loses all cookies': () => context.clearCookies(),
      'loses the cookie of the sign-in in progress, and signs out': async () => { await forget(context, 'lanyard-flow', 'lanyard-proof'); await page.click('#sign-out'); await page.waitForSelector('#sign-in'); },
      'signs out of the service alone, and the app hears of it': async (who) => {
        await page.goto(clinic.issuer);
        await page.click('#sign-out');
        await page.waitForSelector('#logged-out');
        for (let n = 0; n < 100; n++) {
          await page.goto(app.base);
          if (!await page.$('#who')) return;
          await page.waitForTimeout(50);
        }
        assert.fail(`${who.name} is still there`);
      },
    };
    const ways = Object.entries(leaves);
    for (let turn = 0; turn < 20; turn++) {
      const [name, who] = turn % 2 ? ['fiona', fiona] : ['ada', ada];
      const [way, leave] = ways[Math.floor(turn / 2 + turn) % ways.length];
      await t.test(`turn ${turn + 1}: ${who.name} ${way}`, async () => {
        await arrive(who);
        await check(who, name, true);
        await leave(who);
        // Back, as far as it goes: whoever was here is not shown again.
        for (let n = 0; n < 3; n++) {
          await page.goBack({ waitUntil: 'load' }).catch(() => {});
          assert.doesNotMatch(await page.textContent('body'), /Ada Okafor|Fiona Dale/);
        }
      });
    }
    assert.equal(sids.size, 20);
    assert.equal(new Set([...seen.ada, ...seen.fiona]).size, 2);
    assert.deepEqual(complaints.filter((line) => !/status of 40\d/.test(line)), []);
  });

  test(`a form that waited in a tab is answered by another person: that person signs in (${store})`, async (t) => {
    const { clinic, receiver, context } = await open(t, store);
    const [first, second] = [await context.newPage(), await context.newPage()];
    await first.goto(openApp(clinic, receiver, 'one'));
    await second.goto(openApp(clinic, receiver, 'two'));
    await signIn(first, ada);
    await first.waitForSelector('#app');
    assert.equal(await ownerOf(clinic, receiver, 'one'), ada.username);

    await t.test('with a wrong password nobody goes on', async () => {
      await signIn(second, { ...fiona, password: 'not-her-password' });
      await second.waitForSelector('#error-code');
      assert.equal(await second.textContent('#error-code'), 'sign_in_failed');
      assert.equal(receiver.asked.filter(({ path }) => path === '/cb/two').length, 0);
    });
    await t.test('with the right one it is her code, and her session alone', async () => {
      await second.fill('#password', fiona.password);
      await second.click('#login-submit');
      await second.waitForSelector('#app');
      assert.equal(await ownerOf(clinic, receiver, 'two'), fiona.username);
      const home = await context.newPage();
      await home.goto(clinic.issuer);
      assert.match(await home.textContent('#signed-in'), /Fiona Dale/);
    });
    await t.test('the same person, however spelled, just goes on', async () => {
      const [third, fourth] = [await context.newPage(), await context.newPage()];
      await forget(context, 'lanyard-session');
      await third.goto(openApp(clinic, receiver, 'three'));
      await fourth.goto(openApp(clinic, receiver, 'four'));
      for (const [page, name, username] of [[third, 'three', ada.username], [fourth, 'four', 'ADA@Northside.example']]) {
        await signIn(page, { ...ada, username });
        await page.waitForSelector('#app');
        assert.equal(await ownerOf(clinic, receiver, name), ada.username);
      }
    });
  });

  test(`several tabs at once each end at their own app (${store})`, async (t) => {
    const { clinic, receiver, context } = await open(t, store);
    const names = ['one', 'two', 'three', 'four'];
    const tabs = await Promise.all(names.map(() => context.newPage()));
    for (const [n, tab] of tabs.entries()) await tab.goto(openApp(clinic, receiver, names[n]));
    for (const n of [2, 0, 3, 1]) {
      if (n === 3) await tabs[n].reload();
      if (await tabs[n].$('#login-form')) await signIn(tabs[n], ada);
      await tabs[n].waitForSelector('#app');
    }
    for (const name of names) {
      const got = receiver.asked.filter(({ path }) => path === `/cb/${name}`);
      assert.equal(got.length, 1, name);
      assert.equal(got[0].query.state, `state-${name}`);
      assert.ok(got[0].query.code);
    }
    assert.equal(new Set(receiver.asked.filter(({ query }) => query.code).map(({ query }) => query.code)).size, 4);
    assert.equal(rows(clinic, 'SELECT sid FROM session').length, 1, 'one sign-in for all four');
  });

  test(`a sign-in page that was left open is renewed, with what was typed (${store})`, async (t) => {
    const { clinic, receiver, context, page, complaints } = await open(t, store);
    const renewed = async (tab, typed) => {
      await tab.waitForSelector('[role=status]');
      assert.match(await tab.textContent('[role=status]'), /open for too long/);
      assert.equal(await tab.locator('[role=status]').count(), 1, 'one line');
      assert.equal(await tab.inputValue('#username'), typed);
      assert.equal(await tab.inputValue('#password'), '');
      assert.equal(await tab.$('#error-code'), null, 'it is no error');
      assert.equal(await tab.evaluate(() => document.activeElement.id), 'password');
    };
    await t.test('after a night: it goes on to the same app', async () => {
      await page.goto(openApp(clinic, receiver, 'one'));
      write(clinic, 'UPDATE flow SET created_at = created_at - 1200000000');
      await signIn(page, ada);
      await renewed(page, ada.username);
      await page.fill('#password', ada.password);
      await page.keyboard.press('Enter');
      await page.waitForSelector('#app');
      const { path, query } = receiver.asked.at(-1);
      assert.deepEqual([path, query.state, Boolean(query.code)], ['/cb/one', 'state-one', true]);
    });
    await t.test('when the same sign-in was finished in another tab, and signed out there', async () => {
      await context.clearCookies();
      await page.goto(openApp(clinic, receiver, 'two'));
      const other = await context.newPage();
      await other.goto(page.url());
      await signIn(other, ada);
      await other.waitForSelector('#app');
      await other.goto(clinic.issuer);
      await other.click('#sign-out');
      await other.waitForSelector('#logged-out');
      await signIn(page, fiona);
      await renewed(page, fiona.username);
      await signIn(page, fiona);
      await page.waitForSelector('#signed-in');
      assert.match(await page.textContent('#signed-in'), /Fiona Dale/);
    });
    await t.test('when the cookies are gone', async () => {
      await context.clearCookies();
      await page.goto(openApp(clinic, receiver, 'three'));
      await context.clearCookies();
      await signIn(page, ada);
      const code = await page.textContent('#error-code');
      assert.ok(['flow_other_browser', 'form_token'].includes(code), code);
      assert.match(await page.textContent('#error-message'), /again/);
    });
    assert.deepEqual(complaints, []);
  });

  test(`Back after signing out shows nothing of the person (${store})`, async (t) => {
    const { clinic, receiver, page } = await open(t, store);
    // A page with a name on it is never kept, neither on disk nor in memory.
    page.on('response', async (answer) => {
      const type = answer.headers()['content-type'] ?? '';
      if (answer.url().startsWith(clinic.issuer) && type.startsWith('text/html')) kept.push(answer.headers()['cache-control']);
    });
    const kept = [];
    await page.goto(`${clinic.issuer}/login`);
    await signIn(page, ada);
    await page.waitForSelector('#sign-out');
    await page.goto(`${clinic.issuer}/oauth2/logout?client_id=one&post_logout_redirect_uri=${encodeURIComponent(`${receiver.base}/bye/one`)}`);
    await page.waitForSelector('#logout-confirm');
    assert.match(await page.textContent('main'), /ada@northside\.example/);
    await page.click('#logout-confirm');
    await page.waitForSelector('#app');
    for (let n = 0; n < 5; n++) {
      await page.goBack({ waitUntil: 'load' }).catch(() => {});
      assert.doesNotMatch(await page.content(), /Okafor|ada@northside|Northside Family/, page.url());
    }
    assert.ok(kept.length >= 4 && kept.every((value) => value === 'no-store'), kept.join());
  });

  test(`what the browser keeps, and what it offers (${store})`, async (t) => {
    const { clinic, receiver, context, page } = await open(t, store, { env: { LANYARD_LIMITS_SIGN_IN_TRIES: '3' } });
    await t.test('cookies end with the browser, and no script reads them', async () => {
      await page.goto(`${clinic.issuer}/login`);
      await signIn(page, ada);
      await page.waitForSelector('#sign-out');
      const cookies = await context.cookies(clinic.issuer);
      assert.ok(cookies.some(({ name }) => name === 'lanyard-session'));
      for (const cookie of cookies) assert.deepEqual([cookie.expires, cookie.httpOnly, cookie.sameSite, cookie.path], [-1, true, 'Lax', '/'], cookie.name);
      assert.equal(await page.evaluate(() => globalThis.document.cookie), '');
      assert.equal(await page.evaluate(() => localStorage.length + sessionStorage.length), 0);
    });
    await t.test('password managers know the fields, and pasting works', async () => {
      await context.clearCookies();
      await page.goto(openApp(clinic, receiver, 'one'));
      assert.deepEqual(await page.$$eval('#login-form input:not([type=hidden])', (fields) => fields.map(({ id, name, type, autocomplete }) => [id, name, type, autocomplete])),
        [['username', 'username', 'email', 'username'], ['password', 'password', 'password', 'current-password']]);
      await page.fill('#username', 'copied-from-elsewhere');
      await page.focus('#username');
      for (const key of ['Control+A', 'Control+X', 'Tab', 'Control+V']) await page.keyboard.press(key);
      assert.deepEqual([await page.inputValue('#username'), await page.inputValue('#password')], ['', 'copied-from-elsewhere']);
    });
    await t.test('a wrong password is told with what to do; the one who has to wait is told how long', async () => {
      for (let n = 0; n < 3; n++) {
        await signIn(page, { ...ada, password: 'not-her-password' });
        await page.waitForSelector('#error-code');
        assert.equal(await page.textContent('#error-code'), 'sign_in_failed');
        assert.match(await page.textContent('#error-message'), /^The e-mail address or the password is not right\. Check both and try again\./);
        assert.equal(await page.inputValue('#username'), ada.username);
      }
      await signIn(page, ada);
      await page.waitForSelector('#error-code:text("locked")');
      const told = /Wait (\d+) minutes, then try again/.exec(await page.textContent('#error-message'));
      assert.ok(told && Number(told[1]) >= 2 && Number(told[1]) <= 60, await page.textContent('#error-message'));
      assert.equal(await page.locator('[aria-invalid]').count(), 0, 'nothing typed is at fault');
    });
    await t.test('and so in a password that is to be changed', async () => {
      const { password } = clinic.must('user', 'add', 'new@northside.example', '--role', 'provider', '--location', 'main', '--practice', 'northside').json;
      await page.goto(openApp(clinic, receiver, 'one'));
      await signIn(page, { username: 'new@northside.example', password });
      await page.waitForSelector('#change-form');
      assert.deepEqual(await page.$$eval('#change-form input:not([type=hidden])', (fields) => fields.map(({ autocomplete, value, readOnly }) => [autocomplete, value, readOnly])),
        [['username', 'new@northside.example', true], ['new-password', '', false], ['new-password', '', false]]);
    });
  });
}
