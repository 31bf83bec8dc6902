// Every page there is, judged by axe (WCAG 2.0 to 2.2, A and AA) in both languages, light and dark, at 320 pixels; and by
// what axe does not see: the keyboard, focus, the policy, the size, and life without script (ux.md 1.5, 2.5).
// STORIES_SHOTS=FOLDER keeps a picture of each page; STORIES_SHORT leaves out the second language.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { test } from 'node:test';
import { openBrowser } from '../kit/browser.mjs';
import { freePort, people, startClinic } from '../kit/clinic.mjs';
import { sam, short } from '../kit/hostile.mjs';
import { openApp, pageApp, signIn, startReceiver, watch } from '../kit/pages.mjs';
import { command, connection, declare } from '../kit/upstream.mjs';
import { secretOf, startProvider } from '../kit/upstream-oidc.mjs';

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const tags = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22a', 'wcag22aa'];
const small = { viewport: { width: 320, height: 640 } };
const languages = { en: 'en-US', ...(short ? {} : { es: 'es-MX' }) };
const ada = people.ada;

async function open(t) {
  const clinic = await startClinic({ store: 'sqlite' });
  const receiver = await startReceiver();
  const browser = await openBrowser();
  t.after(async () => { await browser.close(); receiver.stop(); await clinic.stop(); });
  const applied = clinic.apply({ apps: [
    pageApp(receiver, 'chart'), pageApp(receiver, 'placed', { require_location: true }), pageApp(receiver, 'outside', { first_party: false, name: 'Reminder Service' }),
    pageApp(receiver, 'framed', { frontchannel_logout_uri: `${receiver.base}/frame/framed` }),
  ] });
  assert.equal(applied.code, 0, applied.err + applied.out);
  const { password } = clinic.must('user', 'add', 'new@northside.example', '--role', 'provider', '--location', 'main', '--practice', 'northside').json;
  return { clinic, receiver, browser, fresh: { username: 'new@northside.example', password } };
}

// How a person comes to each page, the mark that says it is there, and where the focus stands.
function pagesOf({ clinic, receiver, fresh }) {
  const go = (page, name, more) => page.goto(openApp(clinic, receiver, name, more));
  const home = async (page) => { await page.goto(`${clinic.issuer}/login`); await signIn(page, ada); await page.waitForSelector('#sign-out'); };
  const spoil = (page, field) => page.evaluate((id) => { for (const option of document.getElementById(id).options) option.value = 'nowhere'; }, field);
  return {
    'sign-in': { mark: '#login-form', focus: 'username', reach: (page) => go(page, 'chart', { tenant: 'northside' }) },
    'sign-in, wrong password': {
      mark: '#error-code', focus: 'password', invalid: ['password'],
      reach: async (page) => { await go(page, 'chart', { tenant: 'northside' }); await signIn(page, { ...ada, password: 'not-her-password' }); },
    },
    'sign-in, renewed': { mark: '[role=status]', focus: 'username', reach: (page) => page.goto(`${clinic.issuer}/login?flow=flow_00000000000000000000000000`) },
    'sign-in, again': { mark: '[role=status]', focus: 'password', reach: async (page) => { await home(page); await go(page, 'chart', { prompt: 'login' }); } },
    'practice': { mark: '#practice-submit', reach: async (page) => { await go(page, 'chart'); await signIn(page, sam); } },
    'practice, refused': {
      mark: '#error-code', scripted: true,
      reach: async (page) => { await go(page, 'chart'); await signIn(page, sam); await page.waitForSelector('#practice'); await spoil(page, 'practice'); await page.click('#practice-submit'); },
    },
    'location': { mark: '#location-submit', reach: async (page) => { await go(page, 'placed'); await signIn(page, ada); } },
    'location, refused': {
      mark: '#error-code', scripted: true,
      reach: async (page) => { await go(page, 'placed'); await signIn(page, ada); await page.waitForSelector('#location'); await spoil(page, 'location'); await page.click('#location-submit'); },
    },
    'change of password': { mark: '#change-form', focus: 'new-password', reach: async (page) => { await go(page, 'chart'); await signIn(page, fresh); } },
    'change of password, refused': {
      mark: '#error-code', focus: 'new-password', invalid: ['new-password', 'new-password-again'],
      reach: async (page) => {
        await go(page, 'chart'); await signIn(page, fresh);
        await page.fill('#new-password', 'password'); await page.fill('#new-password-again', 'password'); await page.click('#change-submit');
      },
    },
    'consent': { mark: '#consent-allow', reach: async (page) => { await go(page, 'outside'); await signIn(page, ada); } },
    'home': { mark: '#sign-out', reach: home },
    'home, signed out': { mark: '#sign-in', reach: (page) => page.goto(clinic.issuer) },
    'sign-out question': {
      mark: '#logout-confirm',
      reach: async (page) => { await home(page); await page.goto(`${clinic.issuer}/oauth2/logout?client_id=chart&post_logout_redirect_uri=${encodeURIComponent(`${receiver.base}/bye/chart`)}`); },
    },
    'signed out': { mark: '#logged-out', reach: async (page) => { await home(page); await page.click('#sign-out'); } },
    'signed out, with frames': {
      mark: '#logged-out', frames: 1,
      reach: async (page) => {
        await go(page, 'framed'); await signIn(page, ada); await page.waitForSelector('#app');
        await page.goto(`${clinic.issuer}/oauth2/logout?client_id=framed&post_logout_redirect_uri=${encodeURIComponent(`${receiver.base}/bye/framed`)}`);
        await page.click('#logout-confirm');
      },
    },
    'error': { mark: '#error-code', reach: (page) => page.goto(`${clinic.issuer}/nowhere`) },
    'error of an app': { mark: '#error-code', reach: (page) => page.goto(`${clinic.issuer}/oauth2/authorize?client_id=nobody&response_type=code`) },
    'answer by form': { mark: '#form-post-submit', reach: async (page) => { await go(page, 'chart', { response_mode: 'form_post' }); await signIn(page, ada); } },
  };
}

// The same of sign-in by other providers: one that answers, one that nobody can reach.
async function openUpstream(t) {
  const clinic = await startClinic({ store: 'sqlite' });
  const receiver = await startReceiver();
  const browser = await openBrowser();
  const person = (sub, email, groups) => ({ sub, email, given_name: 'Grace', family_name: 'Hopper', groups });
  const op = await startProvider(clinic, {
    dress: 'okta', connections: [['okta'], ['holding']],
    people: { ada: person('00u-ada', ada.username, ['Doctors']), nobody: person('00u-nobody', 'nobody@corp.example', []), held: person('00u-held', 'held@corp.example', []), grace: person('00u-grace', 'grace@corp.example', ['Doctors']) },
  });
  t.after(async () => { await browser.close(); await op.stop(); receiver.stop(); await clinic.stop(); });
  const applied = clinic.apply({ apps: [pageApp(receiver, 'chart')] });
  assert.equal(applied.code, 0, applied.err + applied.out);
  const of = (id, more) => connection(id, { preset: 'okta', issuer: op.issuer, client_secret: secretOf(id), ...more });
  declare(clinic, [
    of('okta', { name: 'Northside Okta', domains: ['corp.example'] }), of('holding', { name: 'Northside Temporary Staff', provision: { on_unmapped: 'hold' } }),
    of('dead', { name: 'Northside Legacy Directory', issuer: `http://localhost:${await freePort()}`, domains: ['gone.example'] }),
  ], 'northside', { domains: ['northside.example', 'corp.example', 'gone.example'] });
  return { clinic, receiver, browser, op };
}

function upstreamPagesOf({ clinic, receiver, op }) {
  const go = (page) => page.goto(openApp(clinic, receiver, 'chart', { tenant: 'northside' }));
  const name = async (page, username) => { await go(page); await page.fill('#username', username); await page.click('#login-submit'); };
  const through = async (page, who, id = 'okta') => { op.who = who; await go(page); await page.click(`a.idp-button[data-connection=${id}]`); };
  const link = async (page) => { await through(page, 'ada'); await page.waitForSelector('#password'); };
  return {
    'address': { mark: 'a.idp-button', focus: 'username', reach: go },
    'address, refused': {
      mark: '#error-code', focus: 'username', invalid: ['username'], scripted: true,
      reach: async (page) => { await go(page); await page.evaluate(() => { document.getElementById('login-form').noValidate = true; }); await page.click('#login-submit'); },
    },
    'password after the address': { mark: '#password', focus: 'password', reach: (page) => name(page, ada.username) },
    'going': {
      mark: '#going',
      reach: async (page) => { await page.route('**/login/upstream?**', (route) => route.fulfill({ status: 204 })); await name(page, 'grace@corp.example'); },
    },
    'provider down': { mark: '#try-again', reach: (page) => name(page, 'grace@gone.example') },
    'another way': { mark: '#password', focus: 'username', reach: async (page) => { await go(page); await page.click('a.idp-button[data-connection=dead]'); await page.click('#another-way'); } },
    'link': { mark: '#login-form', focus: 'password', reach: link },
    'link, wrong password': {
      mark: '#error-code', focus: 'password', invalid: ['password'],
      reach: async (page) => { await link(page); await page.fill('#password', 'not-her-password'); await page.click('#login-submit'); },
    },
    'held': { mark: '#held', reach: (page) => through(page, 'held', 'holding') },
    'refused': { mark: '#error-code', reach: (page) => through(page, 'nobody') },
    'test result': {
      mark: '#upstream-test',
      reach: async (page) => { op.who = 'grace'; await page.goto((await command(clinic, 'connection', 'test', 'okta')).json.link); },
    },
  };
}

const houses = { 'of our own': [open, pagesOf], 'by other providers': [openUpstream, upstreamPagesOf] };

// The pages that go on by themselves are held where they are: no script presses the button, no time passes on.
async function hold(context, receiver) {
  await context.route(/\/assets\/post\.js/, (route) => route.fulfill({ contentType: 'text/javascript', body: '' }));
  await context.route(`${receiver.base}/bye/**`, (route) => route.fulfill({ status: 204 }));
}

async function visit(context, row, then) {
  await context.clearCookies();
  const page = await context.newPage();
  await row.reach(page);
  await page.waitForSelector(row.mark, { timeout: 15000 });
  await page.waitForLoadState('load'); // measured before its style has come, a button is a line of text
  await then(page);
  await page.close();
}

const findings = async (page) => {
  await page.evaluate(axe);
  const result = await page.evaluate((values) => globalThis.axe.run(document, { runOnly: { type: 'tag', values }, resultTypes: ['violations', 'passes'] }), tags);
  return { passed: result.passes.length, found: result.violations.map((rule) => `${rule.id}: ${rule.nodes.map((node) => `${node.html} ${node.failureSummary}`).join(' | ')}`) };
};

for (const [which, [begin, list]] of Object.entries(houses)) test(`axe finds nothing on any page ${which}, in both languages, light and dark, at 320 pixels`, async (t) => {
  const house = await begin(t);
  for (const [language, locale] of Object.entries(languages)) {
    const context = await house.browser.newContext({ ...small, locale, bypassCSP: true });
    await hold(context, house.receiver);
    for (const [name, row] of Object.entries(list(house))) {
      await t.test(`${name} (${language})`, () => visit(context, row, async (page) => {
        for (const colorScheme of ['light', 'dark']) {
          await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
          if (process.env.STORIES_SHOTS) await page.screenshot({ fullPage: true, path: join(process.env.STORIES_SHOTS, `${name.replace(/\W+/g, '-')}-${language}-${colorScheme}.png`) });
          const { passed, found } = await findings(page);
          assert.deepEqual(found, [], colorScheme);
          assert.ok(passed >= 8, `${passed} rules applied`);
        }
      }));
    }
    await context.close();
  }
  await t.test('and axe sees what is wrong when something is', async () => {
    const context = await house.browser.newContext({ ...small, bypassCSP: true });
    const page = await context.newPage();
    await page.goto(`${house.clinic.issuer}/login`);
    await page.evaluate(() => {
      document.documentElement.removeAttribute('lang');
      document.querySelector('label').remove();
      document.querySelector('footer').setAttribute('style', 'color:#bbb');
    });
    const { found } = await findings(page);
    for (const rule of ['html-has-lang', 'label', 'color-contrast']) assert.ok(found.some((line) => line.startsWith(rule)), rule);
  });
});

// What each page is, apart from what it says.
const anatomy = (page) => page.evaluate(() => ({
  language: document.documentElement.lang, headings: document.querySelectorAll('h1').length, title: document.title.length > 0,
  main: document.querySelectorAll('main').length, focus: document.activeElement?.id ?? '', sideways: document.scrollingElement.scrollWidth > document.documentElement.clientWidth,
  invalid: [...document.querySelectorAll('[aria-invalid=true]')].map((field) => field.id), frames: document.querySelectorAll('iframe').length,
  described: [...document.querySelectorAll('[aria-describedby]')].every((field) => field.getAttribute('aria-describedby').split(' ').every((id) => document.getElementById(id))),
  nameless: [...document.querySelectorAll('input:not([type=hidden]), select')].filter((field) => !field.labels.length).map((field) => field.id),
  tight: [...document.querySelectorAll('a, button, input:not([type=hidden]), select')].filter((thing) => { const box = thing.getBoundingClientRect(); return box.width < 24 || box.height < 24; }).map((thing) => thing.outerHTML),
}));

// What Tab comes to, in order, until it has been everywhere; each time the place must be seen.
async function walk(page) {
  const expected = await page.evaluate(() => {
    document.body.tabIndex = -1;
    document.body.focus();
    const things = [...document.querySelectorAll('a[href], button, input:not([type=hidden]), select')];
    return things.map((thing, at) => { thing.dataset.stop = at; return String(at); });
  });
  const been = [];
  for (let n = 0; n < expected.length; n++) {
    await page.keyboard.press('Tab');
    const here = await page.evaluate(() => {
      const thing = document.activeElement;
      const style = getComputedStyle(thing);
      const box = thing.getBoundingClientRect();
      return { stop: thing.dataset.stop, seen: style.outlineStyle !== 'none' && Number.parseFloat(style.outlineWidth) >= 2, inside: box.bottom > 0 && box.top < innerHeight };
    });
    been.push(here.stop);
    assert.ok(here.seen && here.inside, `stop ${here.stop} shows its focus`);
  }
  assert.deepEqual(been, expected, 'Tab goes everywhere, in the order of the page');
}

// A page with all that it loads: 15 KB, the style 4 KB of them (ux.md 2.5).
async function assertSmall(page, style) {
  const used = await page.evaluate(() => ({
    html: document.documentElement.outerHTML.length,
    others: performance.getEntriesByType('resource').filter((entry) => entry.initiatorType !== 'iframe').map((entry) => new URL(entry.name).pathname),
  }));
  assert.ok(used.html + style + 1024 <= 15 * 1024, `${used.html} characters`);
  for (const path of used.others) assert.match(path, /^\/assets\/(lanyard\.(css|svg)|post\.js)$/);
}

for (const [which, [begin, list]] of Object.entries(houses)) test(`each page ${which} is whole: one heading, its language, focus where one types, wide enough targets, no scrolling sideways, all by Tab, small`, async (t) => {
  const house = await begin(t);
  const style = (await (await fetch(`${house.clinic.issuer}/assets/lanyard.css`)).arrayBuffer()).byteLength;
  assert.ok(style > 1000 && style <= 4096, `${style} bytes of style`);
  for (const [language, locale] of Object.entries(languages)) {
    const context = await house.browser.newContext({ ...small, locale });
    const complaints = await watch(context);
    await hold(context, house.receiver);
    for (const [name, row] of Object.entries(list(house))) {
      await t.test(`${name} (${language})`, () => visit(context, row, async (page) => {
        const { focus, ...found } = await anatomy(page);
        assert.deepEqual(found, {
          language, headings: 1, title: true, main: 1, sideways: false, invalid: row.invalid ?? [], frames: row.frames ?? 0, described: true, nameless: [], tight: [],
        });
        await assertSmall(page, style);
        if (row.focus) assert.equal(focus, row.focus, 'the first field to fill, or the first that is wrong, has the focus');
        await walk(page);
        assert.deepEqual(complaints.splice(0), []);
      }));
    }
    await context.close();
  }
});

for (const [which, [begin, list]] of Object.entries(houses)) test(`every page ${which} works without JavaScript`, async (t) => {
  const house = await begin(t);
  const context = await house.browser.newContext({ ...small, javaScriptEnabled: false });
  await context.route(`${house.receiver.base}/bye/**`, (route) => route.fulfill({ status: 204 }));
  for (const [name, row] of Object.entries(list(house))) {
    if (row.scripted) continue;
    await t.test(name, () => visit(context, row, async (page) => {
      assert.equal(await page.locator('h1').count(), 1);
      assert.equal(await page.locator('noscript').count(), 0, 'nothing is held back');
      if (name !== 'answer by form') return;
      await page.click('#form-post-submit');
      await page.waitForSelector('#app');
      const { method, form } = house.receiver.asked.at(-1);
      assert.equal(method, 'POST');
      assert.ok(form.code && form.state === 'state-chart' && form.iss === house.clinic.issuer, JSON.stringify(form));
    }));
  }
});

// Presses Tab until the wanted thing has the focus.
async function tabTo(page, id) {
  for (let n = 0; n < 12; n++) {
    if (await page.evaluate(() => document.activeElement?.id) === id) return;
    await page.keyboard.press('Tab');
  }
  assert.fail(`Tab never came to ${id}`);
}

test('from the first page to the last by keyboard alone', async (t) => {
  const { clinic, receiver, browser, fresh } = await open(t);
  const context = await browser.newContext(small);
  const complaints = await watch(context);
  const page = await context.newPage();
  const { keyboard } = page;
  // Where the focus already stands in the first field, nobody has to look for it.
  const typeIn = async ({ username, password }) => {
    await page.waitForSelector('#login-form');
    await keyboard.type(username); await keyboard.press('Tab'); await keyboard.type(password); await keyboard.press('Enter');
  };

  await t.test('a practice is chosen', async () => {
    await page.goto(openApp(clinic, receiver, 'chart'));
    await typeIn(sam);
    await page.waitForSelector('#practice');
    await tabTo(page, 'practice');
    await keyboard.type('Riverside');
    await tabTo(page, 'practice-submit');
    await keyboard.press('Enter');
    await page.waitForSelector('#app');
    assert.equal(receiver.asked.at(-1).query.state, 'state-chart');
  });
  await t.test('and signed out', async () => {
    await page.goto(clinic.issuer);
    await tabTo(page, 'sign-out');
    await keyboard.press('Enter');
    await page.waitForSelector('#logged-out');
  });
  await t.test('a location is chosen', async () => {
    await page.goto(openApp(clinic, receiver, 'placed'));
    await typeIn(ada);
    await page.waitForSelector('#location');
    await tabTo(page, 'location');
    await keyboard.press('ArrowDown');
    await tabTo(page, 'location-submit');
    await keyboard.press('Enter');
    await page.waitForSelector('#app');
  });
  await t.test('consent is refused, and given', async () => {
    for (const [button, word] of [['consent-deny', 'error'], ['consent-allow', 'code']]) {
      await page.goto(openApp(clinic, receiver, 'outside'));
      await page.waitForSelector('#consent-form');
      await tabTo(page, button);
      await keyboard.press('Enter');
      await page.waitForSelector('#app');
      assert.ok(receiver.asked.at(-1).query[word], button);
    }
  });
  await t.test('the sign-out question is answered', async () => {
    await page.goto(`${clinic.issuer}/oauth2/logout?client_id=chart&post_logout_redirect_uri=${encodeURIComponent(`${receiver.base}/bye/chart`)}`);
    await tabTo(page, 'logout-confirm');
    await keyboard.press('Enter');
    await page.waitForSelector('#app');
    assert.equal(receiver.asked.at(-1).path, '/bye/chart');
  });
  await t.test('a password is changed after a mistake', async () => {
    await page.goto(openApp(clinic, receiver, 'chart'));
    await typeIn(fresh);
    await page.waitForSelector('#change-form');
    await keyboard.type('seven-otters-paint-the-harbor-41'); await keyboard.press('Tab'); await keyboard.type('something-else-entirely-42'); await keyboard.press('Enter');
    await page.waitForSelector('#error-code');
    for (let n = 0; n < 2; n++) { await keyboard.type('seven-otters-paint-the-harbor-41'); await keyboard.press(n ? 'Enter' : 'Tab'); }
    await page.waitForSelector('#app');
  });
  assert.deepEqual(complaints, []);
});
