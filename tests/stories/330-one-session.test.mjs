// One browser, three apps, two protocols: one password, one sign-out wherever it begins, and changes that the next
// assertion has.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openBrowser } from '../kit/browser.mjs';
import { people, startClinic, stores, until } from '../kit/clinic.mjs';
import { startDemoApp } from '../kit/demo-app.mjs';
import { startNodeSamlApp, startSamlifyApp } from '../kit/saml-apps.mjs';

// In short rounds on one engine: 314 has both, with an agent for a browser.
for (const store of process.env.STORIES_SHORT ? stores.slice(0, 1) : stores) {
  test(`one session over an OIDC app and two SAML apps, in Chromium (${store})`, async (t) => {
    const clinic = await startClinic({ store });
    const stop = [() => clinic.stop()];
    t.after(async () => { for (const one of stop.toReversed()) await one(); });
    const keep = (one) => { stop.push(() => one.stop()); return one; };
    const [demo, charts, labs] = [keep(await startDemoApp(clinic)), keep(await startNodeSamlApp(clinic)), keep(await startSamlifyApp(clinic))];
    const browser = await openBrowser();
    stop.push(() => browser.close());
    const page = await browser.newPage();

    const arrive = async () => {
      await page.waitForSelector('h1#who, form#login-form');
      if (await page.$('form#login-form')) {
        await page.fill('#username', people.ada.username);
        await page.fill('#password', people.ada.password);
        await page.click('#login-submit');
        await page.waitForSelector('h1#who');
        return true;
      }
      return false;
    };
    const signIn = async (app) => {
      await page.goto(app.base);
      await page.click('#sign-in');
      const asked = await arrive();
      assert.match(await page.textContent('h1#who'), /Ada Okafor/);
      return asked;
    };
    const apps = { demo, charts, labs };
    const inAt = async (app) => { await page.goto(app.base); return (await page.$('h1#who')) !== null; };
    const rolesAt = async (app) => { await page.goto(app.base); return (await page.textContent('#roles')).split(' ').toSorted(); };
    const allIn = async (order) => { const asked = []; for (const name of order) asked.push(await signIn(apps[name])); return asked; };
    const allOut = () => until('every app to know', async () => {
      for (const [name, app] of Object.entries(apps)) if (await inAt(app)) throw new Error(`${name} has a session still; ${[...charts.faults, ...labs.faults]}`);
      return true;
    });
    const nobodyIn = async () => { await page.goto(`${clinic.issuer}/`); return (await page.$('#login-form')) !== null || /sign in/i.test(await page.textContent('body')); };

    for (const [from, order] of [['charts', ['demo', 'charts', 'labs']], ['labs', ['labs', 'demo', 'charts']], ['demo', ['charts', 'labs', 'demo']]]) {
      await t.test(`one password for ${order.join(', ')}; a sign-out begun at ${from} reaches all`, async () => {
        assert.deepEqual(await allIn(order), [true, false, false]);
        for (const name of order) assert.ok(await inAt(apps[name]), name);
        await page.goto(apps[from].base);
        await page.click('#sign-out');
        await page.waitForSelector('#sign-in, #logout-confirm', { timeout: 20000 });
        if (await page.$('#logout-confirm')) { await page.click('#logout-confirm'); await page.waitForSelector('#sign-in', { timeout: 20000 }); }
        await allOut();
        assert.ok(await nobodyIn());
        assert.deepEqual([...charts.faults, ...labs.faults], []);
      });
    }

    await t.test('a sign-out at Lanyard itself reaches all', async () => {
      await allIn(['labs', 'charts', 'demo']);
      await page.goto(`${clinic.issuer}/logout`);
      if (await page.$('#logout-confirm')) await page.click('#logout-confirm');
      await page.waitForSelector('h1#logged-out');
      await page.waitForLoadState('networkidle'); // whoever leaves at once takes the frames along
      await allOut();
      assert.deepEqual([...charts.faults, ...labs.faults], []);
    });

    await t.test('a role and a location taken and given are in the next assertion, without a password', async () => {
      await allIn(['charts', 'labs']);
      for (const app of [charts, labs]) assert.deepEqual(await rolesAt(app), ['main:provider', 'west:manager']);
      const applied = clinic.apply({ practices: [{ id: 'northside', locations: [{ id: 'main', name: 'Main Street' }, { id: 'west', name: 'West Side' }, { id: 'annex', name: 'Annex' }],
        staff: [{ email: people.ada.username, assignments: [{ role: 'provider', locations: ['main', 'annex'] }, { role: 'billing', locations: ['west'] }] }] }] });
      assert.equal(applied.code, 0, applied.err + applied.out);
      for (const app of [charts, labs]) {
        await until('the next assertion', async () => {
          app.sessions.clear();
          assert.equal(await signIn(app), false);
          return (await rolesAt(app)).join(' ') === 'annex:provider main:provider west:billing';
        });
      }
    });
  });
}
