// Which of two would count is nobody's guess: a repeated protocol parameter is refused at each endpoint (RFC 6749 3.1);
// unknown ones are ignored; and whatever is asked, nobody is ever sent off the registered list (RFC 9700 4.1).
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Agent, errorCode, formOf } from '../kit/agent.mjs';
import { people, startClinic, stores } from '../kit/clinic.mjs';
import { app, ask, authorize, authorizeUrl, basic, bearer, bye, encode, get, post, redirect, register, request, secretOf, short, signedIn, tokens } from '../kit/hostile.mjs';
import { offList } from '../kit/redirects.mjs';

const authorizeNames = {
  client_id: 'story', redirect_uri: redirect, response_type: 'code', scope: 'openid', state: 's', nonce: 'n', code_challenge: 'x', code_challenge_method: 'S256',
  response_mode: 'query', prompt: 'none', max_age: '60', login_hint: 'a@b.example', id_token_hint: 'x.y.z', acr_values: 'urn:lanyard:acr:1fa', claims: '{}',
  ui_locales: 'en', tenant: 'northside', location: 'main', resource: 'https://api.example', request: 'x.y.z', request_uri: 'urn:x', display: 'page', claims_locales: 'en', domain_hint: 'x', registration: '{}',
};
const tokenNames = {
  grant_type: 'authorization_code', code: 'x', redirect_uri: redirect, code_verifier: 'x', refresh_token: 'x', scope: 'openid', resource: 'https://api.example',
  tenant: 'northside', client_id: 'story', client_secret: 'x', client_assertion: 'x', client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
};
const aboutToken = { token: 'x', token_type_hint: 'access_token', client_id: 'story', client_secret: 'x', client_assertion: 'x', client_assertion_type: 'x' };
const logoutNames = { id_token_hint: 'x.y.z', client_id: 'story', post_logout_redirect_uri: bye, state: 's', ui_locales: 'en', logout_hint: 'x' };

const endpoints = [
  { method: 'GET', path: '/oauth2/authorize', names: authorizeNames },
  { method: 'POST', path: '/oauth2/authorize', names: authorizeNames },
  { method: 'POST', path: '/oauth2/token', names: tokenNames, headers: basic('story') },
  { method: 'POST', path: '/oauth2/par', names: { ...authorizeNames, client_secret: 'x', client_assertion: 'x' }, headers: basic('story') },
  { method: 'POST', path: '/oauth2/introspect', names: aboutToken, headers: basic('story') },
  { method: 'POST', path: '/oauth2/revoke', names: aboutToken, headers: basic('story') },
  { method: 'GET', path: '/oauth2/logout', names: logoutNames },
  { method: 'POST', path: '/oauth2/logout', names: logoutNames },
  { method: 'GET', path: '/oauth2/userinfo', names: { access_token: 'x' } },
  { method: 'POST', path: '/oauth2/userinfo', names: { access_token: 'x' } },
  { method: 'GET', path: '/login', names: { flow: 'flow_x' } },
  { method: 'POST', path: '/login/password', names: { flow: 'flow_x', csrf: 'x', username: 'x', password: 'x' } },
  { method: 'POST', path: '/login/practice', names: { flow: 'flow_x', csrf: 'x', practice: 'x' } },
  { method: 'POST', path: '/login/location', names: { flow: 'flow_x', csrf: 'x', location: 'x' } },
  { method: 'POST', path: '/login/change', names: { flow: 'flow_x', csrf: 'x', new_password: 'x', new_password_again: 'x' } },
  { method: 'GET', path: '/consent', names: { flow: 'flow_x' } },
  { method: 'POST', path: '/consent', names: { flow: 'flow_x', csrf: 'x', decision: 'allow' } },
  { method: 'POST', path: '/logout', names: { csrf: 'x', flow: 'flow_x' } },
];

// The second spelling of a parameter; the first stands at its usual place in the request.
const doublings = [
  ['the same value', (name, value) => encode([[name, value]])],
  ['another value', (name) => encode([[name, 'other']])],
  ['no value', (name) => `${name}=`],
  ['no value and no equals sign', (name) => name],
  ['an escaped name', (name, value) => `%${name.charCodeAt(0).toString(16)}${name.slice(1)}=${encodeURIComponent(value)}`],
];

// A fault in our words: the page's code, or the code beside RFC 6749's error.
const codeOf = (answer) => answer.json?.code ?? errorCode(answer.text);

function send(clinic, { method, path, headers }, text) {
  const url = new URL(path, clinic.bases[0]);
  if (method === 'POST') return ask(url, { method, form: text, headers });
  url.search = text;
  return ask(url, { headers });
}

// Anything in an answer that takes a browser away.
function waysOut(answer) {
  const ways = [answer.headers.get('location'), answer.headers.get('refresh')?.replace(/^\d+;\s*url=/i, '')];
  for (const [, address] of answer.text.matchAll(/<(?:form|a|iframe|meta|script|link|img|base)\b[^>]*\b(?:action|href|src|content)="([^"]*)"/g)) ways.push(address);
  return ways.filter((address) => address && !/^\/(?!\/)[^\\]*$|^width=|^light dark$|^noindex$/.test(address));
}

for (const store of stores) {
  test(`repeated parameters are refused, unknown ones ignored, redirects stay on the list (${store})`, async (t) => {
    const clinic = await startClinic({ store });
    t.after(() => clinic.stop());
    register(clinic, app('story'), app('forms', { token_endpoint_auth_method: 'client_secret_post' }));

    for (const endpoint of endpoints) {
      await t.test(`each parameter twice at ${endpoint.method} ${endpoint.path}`, async () => {
        const list = Object.entries(endpoint.names);
        for (const [name, value] of list) {
          for (const [how, second] of doublings) {
            const text = `${encode(endpoint.names)}&${second(name, value)}`;
            const answer = await send(clinic, endpoint, text);
            assert.deepEqual([answer.status, codeOf(answer), answer.location], [400, 'parameter_repeated', null], `${name} with ${how}: ${answer.text.slice(0, 300)}`);
          }
        }
      });
    }

    await t.test('an unknown parameter twice is no less ambiguous', async () => {
      const answer = await get(clinic, `/oauth2/authorize?${encode(request().parameters)}&colour=red&colour=blue`);
      assert.deepEqual([answer.status, codeOf(answer)], [400, 'parameter_repeated']);
    });

    await t.test('unknown parameters are ignored at authorize, token, introspect and logout', async () => {
      const agent = new Agent();
      const { form } = await authorize(clinic, agent, { colour: 'red', 'x[]': '1', 'постоянно': 'да' });
      assert.ok(form.code);
      const got = await post(clinic, '/oauth2/token', { ...form, colour: 'red' }, basic('story'));
      assert.equal(got.status, 200, got.text);
      const live = await post(clinic, '/oauth2/introspect', { token: got.json.access_token, colour: 'red' }, basic('story'));
      assert.equal(live.json.active, true);
      const out = await agent.follow(`${clinic.issuer}/oauth2/logout?${encode({ colour: 'red', id_token_hint: got.json.id_token, post_logout_redirect_uri: bye })}`);
      assert.equal(out.location, bye);
    });

    await t.test('what is sent beside the body in the address of a POST counts for nothing', async () => {
      const agent = await signedIn(clinic);
      const { form } = await authorize(clinic, agent);
      const away = await post(clinic, `/oauth2/token?${encode(form)}`, { grant_type: 'authorization_code' }, basic('story'));
      assert.equal(away.status, 400, away.text);
      const secret = await post(clinic, `/oauth2/token?client_id=forms&client_secret=${secretOf('forms')}`, { grant_type: 'client_credentials', tenant: 'northside' });
      assert.equal(secret.status, 400, secret.text);
      const { access_token } = await tokens(clinic, agent);
      for (const path of [`/oauth2/userinfo?access_token=${access_token}`]) {
        assert.equal((await get(clinic, path)).status, 400);
        assert.equal((await get(clinic, path, bearer(access_token))).status, 400);
        assert.equal((await post(clinic, path, { access_token })).status, 400);
      }
      assert.equal((await post(clinic, '/oauth2/userinfo', { access_token }, bearer(access_token))).status, 400, 'in the header and in the form');
    });

    const badAddresses = ['https://evil.example/cb', 'http://localhost:9999/cb/', 'javascript:alert(1)', '//evil.example/cb', `${redirect}#x`, `${redirect}?x=1`];
    const modes = [null, 'query', 'fragment', 'form_post', 'query.jwt', 'fragment.jwt', 'form_post.jwt', 'jwt', 'web_message', 'FORM_POST', 'form_post query', '%00', 'none'];
    await t.test('no response_mode opens a second door', async () => {
      const agents = [new Agent(), await signedIn(clinic)];
      for (const agent of agents) {
        for (const mode of modes) {
          for (const redirect_uri of badAddresses) {
            const answer = await agent.send(authorizeUrl(clinic, request({ redirect_uri, response_mode: mode }).parameters));
            assert.deepEqual([answer.status, errorCode(answer.text), waysOut(answer)], [400, 'redirect_uri', []], `${mode} to ${redirect_uri}`);
          }
          const good = await agent.send(authorizeUrl(clinic, request({ response_mode: mode }).parameters));
          for (const way of waysOut(good)) assert.ok(way === redirect || way.startsWith(`${redirect}?`), `${mode}: ${way}`);
        }
      }
    });

    const payloads = offList(redirect).filter((_, at) => !short || at % 7 === 0);
    await t.test(`${payloads.length} addresses as redirect_uri: none is followed, signed in or not, asked or pushed`, async () => {
      const signed = await signedIn(clinic);
      const stranger = new Agent();
      let seen = 0;
      for (const [at, redirect_uri] of payloads.entries()) {
        const extra = [{}, { prompt: 'none' }, { response_type: 'token' }, { response_mode: 'form_post' }, { scope: 'nothing' }][at % 5];
        const { parameters } = request({ redirect_uri, ...extra });
        for (const agent of [signed, stranger]) {
          const answer = await agent.send(authorizeUrl(clinic, parameters));
          assert.deepEqual([answer.status, waysOut(answer)], [400, []], JSON.stringify(redirect_uri));
          seen++;
        }
        if (at % 10 === 0) {
          const pushed = await post(clinic, '/oauth2/par', parameters, basic('story'));
          assert.equal(pushed.status, 400, JSON.stringify(redirect_uri));
          const byPost = await signed.follow(`${clinic.issuer}/oauth2/authorize`, clinic.issuer, { method: 'POST', form: parameters });
          assert.deepEqual([byPost.status, waysOut(byPost)], [400, []], JSON.stringify(redirect_uri));
        }
      }
      assert.equal(seen, payloads.length * 2);
    });

    const leaving = offList(bye).filter((_, at) => !short || at % 7 === 0);
    await t.test(`${leaving.length} addresses as post_logout_redirect_uri: none is followed, and nobody is signed out on the way`, async () => {
      const agent = new Agent();
      const { id_token, access_token } = await tokens(clinic, agent);
      for (const [at, post_logout_redirect_uri] of leaving.entries()) {
        const who = at % 2 ? { id_token_hint: id_token } : { client_id: 'story' };
        const answer = await agent.send(`${clinic.issuer}/oauth2/logout?${encode({ ...who, post_logout_redirect_uri, state: 'x' })}`);
        assert.deepEqual([answer.status, waysOut(answer)], [400, []], JSON.stringify(post_logout_redirect_uri));
      }
      const anonymous = await agent.send(`${clinic.issuer}/oauth2/logout?${encode({ post_logout_redirect_uri: bye })}`);
      assert.deepEqual([anonymous.status, waysOut(anonymous)], [400, []], 'of nobody');
      const live = await post(clinic, '/oauth2/introspect', { token: access_token }, basic('story'));
      assert.equal(live.json.active, true);
    });

    await t.test('the registered addresses themselves are followed', async () => {
      const agent = new Agent();
      const { id_token } = await tokens(clinic, agent);
      const out = await agent.follow(`${clinic.issuer}/oauth2/logout?${encode({ id_token_hint: id_token, post_logout_redirect_uri: bye, state: 'a&b=c' })}`);
      assert.equal(out.location, `${bye}?state=a%26b%3Dc`);
    });

    // Everything of ours that could be taken for a return address.
    const onward = ['next', 'return_to', 'return', 'redirect', 'redirect_uri', 'url', 'continue', 'target', 'goto', 'RelayState', 'r', 'uri', 'rd', 'back'];
    await t.test('sign-in, home, sign-out and error pages know no return address', async () => {
      for (const path of ['/', '/login', '/login/password', '/logout', '/logged-out', '/error', '/consent', '/oauth2/authorize/continue']) {
        for (const name of onward) {
          const agent = new Agent();
          const answer = await agent.follow(`${clinic.issuer}${path}?${encode({ [name]: 'https://evil.example/' })}`);
          assert.deepEqual(waysOut(answer), [], `${path}?${name}`);
          assert.doesNotMatch(answer.text, /evil\.example/, `${path}?${name}`);
          if (!/id="login-form"/.test(answer.text)) continue;
          const { fields } = formOf(answer.text);
          assert.deepEqual(Object.keys(fields).sort(), ['csrf', 'flow']);
        }
      }
      const agent = new Agent();
      const page = await agent.follow(`${clinic.issuer}/login?next=https://evil.example/`);
      const home = await agent.submit(page, { ...people.ada, next: 'https://evil.example/', return_to: 'https://evil.example/' });
      assert.equal(home.status, 200);
      assert.match(home.text, /id="signed-in"/);
    });
  });
}
