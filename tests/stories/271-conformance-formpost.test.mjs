// oidcc-formpost-basic-certification-test-plan: every module of the basic plan, answered by a form (OAuth 2.0 Form Post
// Response Mode 1.0).
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { stores } from '../kit/clinic.mjs';
import { startPlan } from '../kit/conformance.mjs';
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
