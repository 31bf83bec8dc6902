// What a provider sees: Chromium, the sign-in page, the demo app that enforces the claims, signing out.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openBrowser } from '../kit/browser.mjs';
import { people, startClinic, stores } from '../kit/clinic.mjs';
import { startDemoApp } from '../kit/demo-app.mjs';

for (const store of stores) {
  test(`a provider signs in with Chromium and sees practice, roles and both locations (${store})`, async (t) => {
    const clinic = await startClinic({ store });
    const app = await startDemoApp(clinic);
    const browser = await openBrowser();
    t.after(async () => { await browser.close(); app.stop(); await clinic.stop(); });
    const page = await browser.newPage();
    const complaints = [];
    page.on('console', (message) => { if (message.type() === 'error' && !/favicon|status of 40[134]/.test(message.text())) complaints.push(message.text()); });
    page.on('dialog', () => complaints.push('a dialog opened'));

    await page.goto(app.base);
    await page.click('#sign-in');
    await page.waitForSelector('form#login-form');
    assert.equal(await page.getAttribute('input#username', 'autocomplete'), 'username');
    assert.equal(await page.getAttribute('input#password', 'autocomplete'), 'current-password');

    await page.fill('#username', people.ada.username);
    await page.fill('#password', 'not-her-password-at-all');
    await page.click('#login-submit');
    await page.waitForSelector('#error-code');
    assert.equal(await page.inputValue('#username'), people.ada.username, 'what was typed is kept');

    // By keyboard alone.
    await page.focus('#password');
    await page.keyboard.type(people.ada.password);
    await page.keyboard.press('Enter');
    await page.waitForSelector('h1#who');
    assert.match(await page.textContent('h1#who'), /Ada Okafor/);
    assert.match(await page.textContent('#practice'), /Northside Family Clinic/);
    assert.deepEqual(await page.$$eval('ul#locations li', (items) => items.map((item) => item.dataset.location)), ['main', 'west']);
    const places = await page.textContent('ul#locations');
    assert.match(places, /provider/);
    assert.match(places, /manager/);

    assert.equal((await page.goto(`${app.base}/location/main`)).status(), 200);
    assert.equal((await page.goto(`${app.base}/practice/riverside`)).status(), 403, "another practice's data never");
    await page.goto(app.base);
    await page.click('#sign-out');
    await page.waitForLoadState('networkidle');
    if (await page.$('#logout-confirm')) await page.click('#logout-confirm');
    await page.waitForSelector('#sign-in');
    await page.goto(`${clinic.issuer}/`);
    assert.equal(await page.$('#login-form') !== null || /sign in/i.test(await page.textContent('body')), true);
    assert.deepEqual(complaints, []);
  });
}

test('the sign-in page works without JavaScript at 320 pixels and has names for its fields', async (t) => {
  const clinic = await startClinic({ store: 'sqlite' });
  const browser = await openBrowser();
  t.after(async () => { await browser.close(); await clinic.stop(); });
  const context = await browser.newContext({ javaScriptEnabled: false, viewport: { width: 320, height: 640 } });
  const page = await context.newPage();
  await page.goto(`${clinic.issuer}/login`);
  const width = await page.locator('body').boundingBox();
  assert.ok(width.width <= 320);
  for (const id of ['username', 'password']) assert.equal(await page.locator(`label[for=${id}]`).count(), 1);
  for (const id of ['username', 'password', 'login-submit']) assert.ok((await page.locator(`#${id}`).boundingBox()).height >= 40);
  await page.fill('#username', people.ada.username);
  await page.fill('#password', people.ada.password);
  await page.click('#login-submit');
  assert.match(await page.textContent('body'), /Ada Okafor/);
  await page.goto(`${clinic.issuer}/login?ui_locales=es`);
});
