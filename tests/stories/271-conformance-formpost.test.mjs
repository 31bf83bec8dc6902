// oidcc-formpost-basic-certification-test-plan: every module of the basic plan, answered by a form (OAuth 2.0 Form Post
// Response Mode 1.0).
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { stores } from '../kit/clinic.mjs';
import { openBrowser } from '../kit/browser.mjs';
import { authorizationRequest, checkAnswer, conformanceApp, signInWith, startApp, startPlan } from '../kit/conformance.mjs';
import { basicApps, basicModules } from '../kit/conformance-basic.mjs';

for (const store of stores) {
  test(`the form post plan (${store})`, { concurrency: true }, async (t) => {
    const plan = { ...await startPlan(t, store, basicApps()), formPost: true };
    assert.ok(plan.server.response_modes_supported.includes('form_post'));
    const [[first, oidccServer], ...modules] = basicModules;
    await t.test(first, () => oidccServer(plan)); // here Casey consents; it is remembered
    await Promise.all(modules.map(([name, module]) => t.test(name, () => module(plan))));
  });
}

test('Chromium takes the request by POST from another site and posts the answer to the app by itself', async (t) => {
  let form = '';
  const app = await startApp(t, { '/': () => form });
  const callback = `${app.base}/callback`;
  const plan = { ...await startPlan(t, 'sqlite', [conformanceApp('conformance', { redirect_uris: [callback] })]), formPost: true };
  const parameters = authorizationRequest(plan, { redirect_uri: callback });
  const fields = Object.entries(parameters).map(([name, value]) => `<input type="hidden" name="${name}" value="${value}">`).join('');
  form = `<form method="post" action="${plan.server.authorization_endpoint}">${fields}<button id="go">Go</button></form>`;
  const chromium = await openBrowser();
  t.after(() => chromium.close());
  const page = await chromium.newPage();
  await page.goto(`${app.base}/`);
  await page.click('#go');
  await signInWith(page);
  await page.waitForURL(callback);
  const [{ method, type, query, form: answer }, ...more] = app.at('/callback');
  assert.deepEqual([method, type, query, more], ['POST', 'application/x-www-form-urlencoded', [], []]);
  checkAnswer(plan, parameters, Object.fromEntries(answer));

  // Signed in and allowed: from the app's form to the app's callback without a page to press anything on.
  await page.goto(`${app.base}/`);
  await page.click('#go');
  await page.waitForURL(callback);
  assert.equal(app.at('/callback').length, 2);
});
