// What an app may ask of a sign-in: no page, a fresh one, a certain person, a language, certain claims; and what people
// are asked before an app of others gets anything (OpenID Connect Core 3.1.2, 5.5; Form Post Response Mode).
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Agent, errorCode, formOf } from '../kit/agent.mjs';
import { people, sleep, startClinic, stores } from '../kit/clinic.mjs';
import { app, authorize, authorizeUrl, basic, claimsOf, cookieOf, encode, post, redirect, register, request, rows, signedIn, tokens, userinfo } from '../kit/hostile.mjs';

const fiona = { username: 'fiona@northside.example', password: people.ada.password };
const loginForm = /<form[^>]*id="login-form"[^>]*>/;
const consentForm = /<form[^>]*id="consent-form"[^>]*>/;
const told = (answer) => Object.fromEntries(new URL(answer.location).searchParams);
const open = (clinic, agent, parameters) => agent.follow(authorizeUrl(clinic, request(parameters).parameters));
const asksToSignIn = (page, what) => assert.match(page.text, /id="login-form"/, `${what}: ${page.location ?? page.text.slice(0, 200)}`);
const answersWithCode = (page, what) => assert.ok(page.location && told(page).code, `${what}: ${page.location ?? page.text.slice(0, 300)}`);

async function world(t, store) {
  const clinic = await startClinic({ store });
  t.after(() => clinic.stop());
  register(clinic, app('story'), app('third', { first_party: false, name: 'Third <b>"App"</b> & Sons' }), app('placed', { require_location: true }), app('narrow', { scopes: ['openid'] }),
    app('once', { grant_types: ['authorization_code'], first_party: false }));
  return clinic;
}

for (const store of stores) {
  test(`prompt, max_age, hints and claims are held to (${store})`, async (t) => {
    const clinic = await world(t, store);
    const ada = await signedIn(clinic);
    const adaTokens = await tokens(clinic, ada);
    const fionaTokens = await tokens(clinic, new Agent(), {}, fiona);

    // Without a page: [what, parameters, error with a session, error without].
    const silent = [
      ['prompt=none', { prompt: 'none' }, undefined, 'login_required'],
      ['prompt=none and max_age=0', { prompt: 'none', max_age: '0' }, 'login_required', 'login_required'],
      ['prompt=none and a long max_age', { prompt: 'none', max_age: '100000' }, undefined, 'login_required'],
      ['prompt=none at an app of others', { prompt: 'none', client_id: 'third' }, 'consent_required', 'login_required'],
      ['prompt=none at an app that needs a location', { prompt: 'none', client_id: 'placed' }, 'interaction_required', 'login_required'],
      ['prompt=none with that location', { prompt: 'none', client_id: 'placed', location: 'main' }, undefined, 'login_required'],
      ['prompt=none and a hint at this person', { prompt: 'none', id_token_hint: adaTokens.id_token }, undefined, 'login_required'],
      ['prompt=none and a hint at another person', { prompt: 'none', id_token_hint: fionaTokens.id_token }, 'login_required', 'login_required'],
      ['prompt=none and another person\'s sub in claims', { prompt: 'none', claims: JSON.stringify({ id_token: { sub: { value: claimsOf(fionaTokens.id_token).sub } } }) }, 'login_required', 'login_required'],
      ['prompt=none with login', { prompt: 'none login' }, 'invalid_request', 'invalid_request'],
      ['prompt=none with consent', { prompt: 'consent none' }, 'invalid_request', 'invalid_request'],
      ['prompt of another word', { prompt: 'create' }, 'invalid_request', 'invalid_request'],
      ['prompt in capitals', { prompt: 'NONE' }, 'invalid_request', 'invalid_request'],
      ['max_age below zero', { max_age: '-1' }, 'invalid_request', 'invalid_request'],
      ['max_age as text', { max_age: 'soon' }, 'invalid_request', 'invalid_request'],
      ['max_age with a fraction', { max_age: '1.5' }, 'invalid_request', 'invalid_request'],
      ['max_age beyond numbers', { max_age: '99999999999' }, 'invalid_request', 'invalid_request'],
      ['a hint that is no token', { id_token_hint: 'x' }, 'invalid_request', 'invalid_request'],
      ['hint and claims that name different people', { id_token_hint: adaTokens.id_token, claims: JSON.stringify({ id_token: { sub: { value: 'u_other' } } }) }, 'invalid_request', 'invalid_request'],
      ['claims that are no JSON', { claims: '{' }, 'invalid_request', 'invalid_request'],
      ['claims that are a list', { claims: '[]' }, 'invalid_request', 'invalid_request'],
      ['claims with a list for id_token', { claims: '{"id_token":[]}' }, 'invalid_request', 'invalid_request'],
      ['claims with a member twice', { claims: '{"id_token":{},"id_token":{}}' }, 'invalid_request', 'invalid_request'],
      ['claims of brackets alone', { claims: '['.repeat(4000) }, 'invalid_request', 'invalid_request'],
      ['claims with a NUL', { claims: '{"id_token":{"a\\u0000b":null}}' }, 'invalid_request', 'invalid_request'],
      ['an essential acr out of reach', { claims: '{"id_token":{"acr":{"essential":true,"value":"urn:lanyard:acr:mfa"}}}' }, 'unmet_authentication_requirements', 'unmet_authentication_requirements'],
      ['essential acrs out of reach', { claims: '{"id_token":{"acr":{"essential":true,"values":["phr","urn:lanyard:acr:epcs"]}}}' }, 'unmet_authentication_requirements', 'unmet_authentication_requirements'],
      ['an essential acr that is reached', { prompt: 'none', claims: '{"id_token":{"acr":{"essential":true,"values":["phr","urn:lanyard:acr:1fa"]}}}' }, undefined, 'login_required'],
      ['an acr that is only wished for', { prompt: 'none', claims: '{"id_token":{"acr":{"value":"phr"}}}' }, undefined, 'login_required'],
      ['acr_values out of reach', { prompt: 'none', acr_values: 'phr urn:lanyard:acr:mfa' }, undefined, 'login_required'],
      ['a request object', { request: 'e30.e30.' }, 'request_not_supported', 'request_not_supported'],
      ['a request_uri of the web', { request_uri: 'https://evil.example/request' }, 'request_uri_not_supported', 'request_uri_not_supported'],
      ['response_type token', { response_type: 'token' }, 'unsupported_response_type', 'unsupported_response_type'],
      ['response_type code id_token', { response_type: 'code id_token' }, 'unsupported_response_type', 'unsupported_response_type'],
      ['no response_type', { response_type: null }, 'invalid_request', 'invalid_request'],
      ['scopes that are not there', { scope: 'all admin' }, 'invalid_scope', 'invalid_scope'],
      ['a scope with a quote', { scope: 'openid "x' }, 'invalid_scope', 'invalid_scope'],
      ['a resource that is not registered', { resource: 'https://api.example' }, 'invalid_target', 'invalid_target'],
    ];
    for (const [what, parameters, withSession, without] of silent) {
      await t.test(`${what}: ${withSession ?? 'a code'} with a session, ${without} without`, async () => {
        for (const [agent, expected] of [[ada, withSession], [new Agent(), without]]) {
          const answer = await agent.send(authorizeUrl(clinic, request(parameters).parameters));
          assert.ok(answer.location?.startsWith(`${redirect}?`), answer.location ?? answer.text);
          const { error, state, iss, code } = told(answer);
          assert.deepEqual([error, state, iss, Boolean(code)], [expected, 'st', clinic.issuer, !expected]);
        }
      });
    }

    await t.test('prompt=login asks again and cannot be walked around', async () => {
      const agent = new Agent();
      const before = await tokens(clinic, agent);
      const cookie = cookieOf(agent, clinic, 'lanyard-session');
      await sleep(1100);
      const { parameters, verifier } = request({ prompt: 'login' });
      const page = await agent.follow(authorizeUrl(clinic, parameters));
      asksToSignIn(page, 'prompt=login');
      assert.match(page.text, /id="username"[^>]*value="ada@northside.example"/);
      const { flow } = formOf(page.text, loginForm).fields;
      for (const path of ['/oauth2/authorize/continue', '/login', '/consent']) {
        const around = await agent.follow(`${clinic.issuer}${path}?flow=${flow}`);
        assert.equal(around.location, null, path);
        asksToSignIn(around, path);
      }
      const wrong = await agent.submit(page, { ...people.ada, password: 'not-the-password' }, loginForm);
      assert.deepEqual([wrong.location, errorCode(wrong.text)], [null, 'sign_in_failed']);
      const done = await agent.submit(page, people.ada, loginForm);
      answersWithCode(done, 'after the password');
      const { json } = await post(clinic, '/oauth2/token', { grant_type: 'authorization_code', code: told(done).code, redirect_uri: redirect, code_verifier: verifier }, basic('story'));
      const [was, is] = [claimsOf(before.id_token), claimsOf(json.id_token)];
      assert.equal(is.sid, was.sid, 'the same session goes on');
      assert.ok(is.auth_time > was.auth_time);
      assert.notEqual(cookieOf(agent, clinic, 'lanyard-session'), cookie, 'under a new handle');
      const old = await fetch(`${clinic.issuer}/`, { headers: { cookie: `lanyard-session=${cookie}` } });
      assert.doesNotMatch(await old.text(), /id="signed-in"/);
      assert.equal((await userinfo(clinic, before.access_token)).status, 200, 'what was given before lives on');
    });

    await t.test('another person at the same browser is another session, and the one before ends', async () => {
      const agent = new Agent();
      const before = await tokens(clinic, agent, { scope: 'openid' });
      const done = await agent.submit(await open(clinic, agent, { prompt: 'login' }), fiona, loginForm);
      answersWithCode(done, 'Fiona');
      const sid = claimsOf(before.id_token).sid;
      assert.equal(rows(clinic, `SELECT count(*) AS n FROM session WHERE sid = '${sid}' AND ended_at IS NOT NULL`)[0].n, 1);
      assert.equal((await userinfo(clinic, before.access_token)).status, 401);
    });

    await t.test('max_age counts from the sign-in', async () => {
      const agent = new Agent();
      await tokens(clinic, agent);
      answersWithCode(await open(clinic, agent, { max_age: '1000' }), 'max_age=1000');
      asksToSignIn(await open(clinic, agent, { max_age: '0' }), 'max_age=0');
      await sleep(2100);
      asksToSignIn(await open(clinic, agent, { max_age: '1' }), 'max_age=1 after two seconds');
      const { answer } = await authorize(clinic, agent, { max_age: '1' });
      assert.ok(answer.code, 'the password makes it fresh');
      answersWithCode(await open(clinic, agent, { max_age: '60' }), 'and fresh it is');
    });

    await t.test('a hint at another person takes nobody else', async () => {
      const agent = await signedIn(clinic);
      const page = await open(clinic, agent, { id_token_hint: fionaTokens.id_token });
      asksToSignIn(page, 'hint');
      const refused = await agent.submit(page, people.ada, loginForm);
      assert.deepEqual([refused.status, refused.location, errorCode(refused.text)], [403, null, 'other_person']);
      answersWithCode(await agent.submit(refused, fiona, loginForm), 'the person who was meant');
    });

    await t.test('login_hint stands in the field, as text', async () => {
      for (const hint of ['fiona@northside.example', '"><script>alert(1)</script>', "' onfocus='x", '{{username}}', '&quot;&lt;']) {
        const page = await open(clinic, new Agent(), { login_hint: hint });
        const tag = /<input id="username"[^>]*>/.exec(page.text)[0];
        const escaped = hint.replace(/&/g, '&amp;').replace(/"/g, '&quot;').replace(/</g, '&lt;').replace(/>/g, '&gt;').replace(/'/g, '&#39;');
        assert.ok(tag.includes(`value="${escaped}"`), tag);
        assert.doesNotMatch(page.text, /<script(?! src="\/assets\/)/);
      }
    });

    await t.test('select_account asks although somebody is signed in', async () => {
      const agent = await signedIn(clinic);
      const page = await open(clinic, agent, { prompt: 'select_account' });
      asksToSignIn(page, 'select_account');
      const other = await agent.submit(page, fiona, loginForm);
      answersWithCode(other, 'somebody else was chosen');
      assert.equal((await agent.send(authorizeUrl(clinic, request({ prompt: 'select_account login' }).parameters))).status, 303);
    });

    await t.test('claims ask for more in the ID token and userinfo, within the scopes of the app, and override nothing', async () => {
      const claims = JSON.stringify({
        id_token: { email: null, given_name: { essential: true }, iss: { value: 'https://evil.example' }, tenant: { value: 'riverside' }, roles: { value: ['owner'] }, exp: { value: 9999999999 }, password: null, hash: null },
        userinfo: { family_name: null, phone_number: { essential: true } },
      });
      const mine = await tokens(clinic, ada, { claims, scope: 'openid' });
      const id = claimsOf(mine.id_token);
      assert.deepEqual([id.email, id.given_name, id.iss], ['ada@northside.example', 'Ada', clinic.issuer]);
      assert.ok(id.exp < Date.now() / 1000 + 4000);
      assert.ok(![id.tenant ?? 'northside'].includes('riverside'));
      assert.deepEqual([id.password, id.hash], [undefined, undefined]);
      assert.ok(!(id.roles ?? []).includes('owner'));
      const person = (await userinfo(clinic, mine.access_token)).json;
      assert.deepEqual([person.family_name, person.phone_number, person.email], ['Okafor', '+13125550142', undefined]);
      const little = await tokens(clinic, ada, { claims, scope: 'openid', client_id: 'narrow' });
      const narrow = claimsOf(little.id_token);
      assert.deepEqual([narrow.email, narrow.given_name], [undefined, undefined]);
      assert.deepEqual(Object.keys((await userinfo(clinic, little.access_token)).json).filter((n) => /name|mail|phone/.test(n)), []);
    });

    await t.test('the page speaks the language that was asked for', async () => {
      const language = (page) => /<html lang="([^"]*)"/.exec(page.text)[1];
      for (const [ui_locales, header, expected] of [['es', null, 'es'], ['es-MX', null, 'es'], ['xx es', null, 'es'], ['en es', 'es', 'en'], ['xx', null, 'en'], [null, 'es-ES,es;q=0.9', 'es'], [null, null, 'en'], ['"><script>', 'es', 'es'], ['../../etc/passwd', null, 'en']]) {
        const agent = new Agent();
        const first = await agent.send(authorizeUrl(clinic, request({ ui_locales }).parameters), { headers: header ? { 'accept-language': header } : {} });
        let page = await agent.send(first.location, { headers: header ? { 'accept-language': header } : {} });
        while (page.location) page = await agent.send(page.location, { headers: header ? { 'accept-language': header } : {} });
        assert.equal(language(page), expected, `${ui_locales} ${header}`);
        if (!header) assert.equal(language(await agent.submit(page, { username: 'x@y.example', password: 'x' }, loginForm)), expected, 'also with a fault on it');
      }
    });

    const states = ['', 'a', 'x'.repeat(4000), 'a b&c=d#e?f', 'ünïcödé ✓ 🏥', '"><script>alert(1)</script>', 'a\r\nLocation: https://evil.example', '%00%0d%0a', '../../', 'javascript:alert(1)'];
    await t.test('state comes back as it was sent, in every way an answer is sent', async () => {
      for (const state of states) {
        for (const extra of [{ prompt: 'none' }, { response_type: 'token' }]) {
          const answer = await ada.send(authorizeUrl(clinic, request({ ...extra, state }).parameters));
          assert.equal(told(answer).state ?? '', state);
          assert.deepEqual(answer.location.split('?')[0], redirect);
          const form = await ada.send(authorizeUrl(clinic, request({ ...extra, state, response_mode: 'form_post' }).parameters));
          assert.equal(form.status, 200);
          const { action, fields } = formOf(form.text);
          assert.equal(action, redirect);
          // A form's text has its line ends made alike by the browser.
          assert.equal((fields.state ?? ''), state);
          assert.doesNotMatch(form.text, /<script>alert/);
        }
      }
      const long = await ada.send(authorizeUrl(clinic, request({ state: 'x'.repeat(4097) }).parameters));
      assert.deepEqual([long.status, long.location, errorCode(long.text)], [400, null, 'parameter_malformed']);
    });

    await t.test('form_post: code, state and iss stand in a form to the registered address, under a strict policy', async () => {
      const { parameters, verifier } = request({ response_mode: 'form_post' });
      const page = await ada.send(authorizeUrl(clinic, parameters));
      assert.deepEqual([page.status, page.location], [200, null]);
      const { action, fields } = formOf(page.text);
      assert.deepEqual([action, Object.keys(fields).sort()], [redirect, ['code', 'iss', 'state']]);
      assert.equal(fields.iss, clinic.issuer);
      assert.equal(page.headers.get('cache-control'), 'no-store');
      assert.match(page.headers.get('content-security-policy'), /form-action 'self' http:\/\/localhost:9999/);
      assert.doesNotMatch(page.headers.get('content-security-policy'), /unsafe/);
      const { status } = await post(clinic, '/oauth2/token', { grant_type: 'authorization_code', code: fields.code, redirect_uri: redirect, code_verifier: verifier }, basic('story'));
      assert.equal(status, 200);
      const refusal = await new Agent().send(authorizeUrl(clinic, request({ response_mode: 'form_post', prompt: 'none' }).parameters));
      assert.equal(formOf(refusal.text).fields.error, 'login_required');
    });
  });

  test(`an app of others gets what the person allowed, and no more (${store})`, async (t) => {
    const clinic = await world(t, store);
    const third = { client_id: 'third', scope: 'openid profile email' };
    const granted = () => rows(clinic, "SELECT scope FROM consent WHERE client_id = 'third'").map((row) => row.scope.split(' ').sort().join(' '));
    const toConsent = async (agent, parameters = third) => {
      let page = await open(clinic, agent, parameters);
      if (/id="login-form"/.test(page.text)) page = await agent.submit(page, people.ada, loginForm);
      return page;
    };

    await t.test('the page says which app, which practice, who, and what', async () => {
      const page = await toConsent(new Agent());
      assert.match(page.text, /id="consent-allow"/);
      assert.match(page.text, /id="consent-deny"/);
      assert.match(page.text, /Third &lt;b&gt;&quot;App&quot;&lt;\/b&gt; &amp; Sons/);
      assert.doesNotMatch(page.text, /<b>/);
      assert.match(page.text, /Northside Family Clinic/);
      assert.match(page.text, /ada@northside\.example/);
      assert.equal([.../<ul id="scopes">([\s\S]*?)<\/ul>/.exec(page.text)[1].matchAll(/<li>/g)].length, 3);
    });

    await t.test('deny: the app is told, with state and iss, and nothing is remembered', async () => {
      const agent = new Agent();
      const page = await toConsent(agent);
      const answer = await agent.submit(page, { decision: 'deny' }, consentForm);
      const { error, state, iss, code } = told(answer);
      assert.deepEqual([error, state, iss, code], ['access_denied', 'st', clinic.issuer, undefined]);
      assert.deepEqual(granted(), []);
      const again = await agent.submit(page, { decision: 'allow' }, consentForm);
      assert.equal(again.location, null, 'an answered page answers nothing more');
      assert.deepEqual(granted(), []);
    });

    // The consent form in other hands: [name, fields, agent].
    await t.test('what is neither allow nor deny, or not from this form and browser, decides nothing', async () => {
      const agent = new Agent();
      const page = await toConsent(agent);
      const { fields } = formOf(page.text, consentForm);
      const send = (who, form, headers = {}) => who.send(`${clinic.issuer}/consent`, { method: 'POST', form, headers });
      const stranger = await signedIn(clinic, fiona);
      const cases = [
        ['no decision', agent, fields, {}, 400], ['an empty decision', agent, { ...fields, decision: '' }, {}, 400], ['another decision', agent, { ...fields, decision: 'ALLOW' }, {}, 400], ['a yes', agent, { ...fields, decision: 'true' }, {}, 400],
        ['no form token', agent, { flow: fields.flow, decision: 'allow' }, {}, 403], ['an empty form token', agent, { ...fields, csrf: '', decision: 'allow' }, {}, 403], ['another form token', agent, { ...fields, csrf: `${fields.csrf.slice(0, -1)}x`, decision: 'allow' }, {}, 403],
        ['a foreign origin', agent, { ...fields, decision: 'allow' }, { origin: 'https://evil.example' }, 403], ['another browser', stranger, { ...fields, decision: 'allow' }, {}, 400], ['a browser without cookies', new Agent(), { ...fields, decision: 'allow' }, {}, 400],
        ['another flow', agent, { ...fields, flow: 'flow_00000000000000000000000000', decision: 'allow' }, {}, 400], ['no flow', agent, { csrf: fields.csrf, decision: 'allow' }, {}, 400],
      ];
      for (const [name, who, form, headers, status] of cases) {
        const answer = await send(who, form, headers);
        assert.deepEqual([answer.status, answer.location], [status, null], `${name}: ${answer.text.slice(0, 300)}`);
      }
      assert.equal((await agent.send(`${clinic.issuer}/consent?${encode({ ...fields, decision: 'allow' })}`)).status, 200, 'a GET shows the page again');
      assert.deepEqual(granted(), []);
    });

    await t.test('allow: a code, remembered for these scopes and this person alone', async () => {
      const agent = new Agent();
      answersWithCode(await agent.submit(await toConsent(agent), { decision: 'allow' }, consentForm), 'allow');
      assert.deepEqual(granted(), ['email openid profile']);
      answersWithCode(await open(clinic, agent, third), 'the same again');
      answersWithCode(await open(clinic, agent, { ...third, scope: 'openid email' }), 'less');
      answersWithCode(await agent.send(authorizeUrl(clinic, request({ ...third, prompt: 'none' }).parameters)), 'without a page');
      assert.match((await open(clinic, agent, { ...third, scope: 'openid profile email clinic' })).text, /id="consent-allow"/, 'more is asked');
      assert.match((await open(clinic, agent, { ...third, prompt: 'consent' })).text, /id="consent-allow"/, 'the app wants it asked');
      assert.equal(told(await agent.send(authorizeUrl(clinic, request({ ...third, scope: 'openid phone', prompt: 'none' }).parameters))).error, 'consent_required');
      const other = await open(clinic, await signedIn(clinic, fiona), third);
      assert.match(other.text, /id="consent-allow"/, 'Fiona is asked herself');
    });

    await t.test('offline_access is asked, and without it no refresh token outlives the session', async () => {
      const agent = await signedIn(clinic);
      const page = await open(clinic, agent, { ...third, scope: 'openid profile email offline_access' });
      assert.match(page.text, /id="consent-allow"/);
      const denied = await agent.submit(page, { decision: 'deny' }, consentForm);
      assert.equal(told(denied).error, 'access_denied');
      const { json } = await redeemThird(clinic, agent, third);
      const out = await agent.follow(`${clinic.issuer}/logout`);
      await agent.submit(out, {});
      assert.ok(json.refresh_token, 'good as long as the session');
      assert.equal((await post(clinic, '/oauth2/token', { grant_type: 'refresh_token', refresh_token: json.refresh_token }, basic('third'))).json.error, 'invalid_grant');
      assert.equal((await userinfo(clinic, json.access_token)).status, 401);
    });

    await t.test('with it the grant outlives the session', async () => {
      const agent = await signedIn(clinic);
      const scope = 'openid offline_access';
      const { json } = await redeemThird(clinic, agent, { ...third, scope });
      await agent.submit(await agent.follow(`${clinic.issuer}/logout`), {});
      assert.equal((await post(clinic, '/oauth2/token', { grant_type: 'refresh_token', refresh_token: json.refresh_token }, basic('third'))).status, 200);
    });

    await t.test('an app without refresh tokens is not asked about offline_access and gets none', async () => {
      const agent = await signedIn(clinic);
      const { form, page } = await authorize(clinic, agent, { client_id: 'once', scope: 'openid offline_access' });
      assert.ok(form.code, page.text);
      const { json } = await post(clinic, '/oauth2/token', form, basic('once'));
      assert.equal(json.refresh_token, undefined);
      assert.doesNotMatch(json.scope ?? '', /offline_access/);
    });

    await t.test('prompt=consent asks even for the practice\'s own app', async () => {
      const agent = await signedIn(clinic);
      assert.match((await open(clinic, agent, { prompt: 'consent' })).text, /id="consent-allow"/);
    });
  });
}

async function redeemThird(clinic, agent, parameters) {
  const { form } = await authorize(clinic, agent, parameters);
  const answer = await post(clinic, '/oauth2/token', form, basic('third'));
  assert.equal(answer.status, 200, answer.text);
  return answer;
}
