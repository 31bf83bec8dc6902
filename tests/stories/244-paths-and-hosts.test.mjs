// One spelling of an address leads to a handler; a host or a header that a stranger chose changes nothing (RFC 9110 7.4,
// RFC 3986 6, security history of proxies and routers).
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Agent } from '../kit/agent.mjs';
import { people, startClinic, stores } from '../kit/clinic.mjs';
import { app, authorizeUrl, cookieOf, encode, events, get, raw, register, request, tokens } from '../kit/hostile.mjs';

// Other spellings of a path that a lenient reader takes for it.
const spellings = (path) => {
  const cut = path.lastIndexOf('/');
  const [folder, last] = [path.slice(0, cut), path.slice(cut + 1)];
  const hex = (c) => `%${c.charCodeAt(0).toString(16)}`;
  return [
    `/${path}`, `//${path}`, `${folder}//${last}`, `${folder}///${last}`, `${path}/`, `${path}//`, `/.${path}`, `/..${path}`, `/x/..${path}`, `/x/../..${path}`, `${folder}/./${last}`, `${folder}/../${folder.slice(1)}/${last}`, `${folder}/x/../${last}`,
    `${path}/.`, `${path}/..`, `${path}/../${last}`, `${path}/x`, `/%2e${path}`, `/%2e%2e${path}`, `/x/%2e%2e${path}`, `${folder}/%2e/${last}`, `${folder}/x/%2E%2E/${last}`, `${folder}/.%2e/${last}`,
    `%2f${path.slice(1)}`, `/%2f${path.slice(1)}`, `${folder}%2f${last}`, `${folder}%2F${last}`, `${folder}/%2f${last}`, `${path}%2f`, `${folder}%5c${last}`, `${folder}\\${last}`, `\\${path.slice(1)}`, `${path}\\`, `${path}%5C..`,
    `${path}%00`, `${path}%00.css`, `%00${path}`, `${path}%0a`, `${path}%0d%0aX:y`, `${path}%09`, `${path}%20`, `%20${path}`, `${path}%7f`, `${path};`, `${path};x=y`, `${path};/x`, `${folder};x/${last}`, `/;${path}`, `/;/..${path}`,
    `${folder}/${hex(last[0])}${last.slice(1)}`, `${folder}/${last.slice(0, -1)}${hex(last.at(-1))}`, [...path].map((c) => (c === '/' ? c : hex(c))).join(''), `${folder}/%25${hex(last[0]).slice(1)}${last.slice(1)}`, `${path}%`, `${path}%z`, `${path}%c0%af`, `${folder}%c0%af${last}`, `${folder}%e2%88%95${last}`,
    path.toUpperCase(), `${folder}/${last[0].toUpperCase()}${last.slice(1)}`, `${path}.`, `${path}..`, `${path}.json`, `${path}~`, `${path}*`, `${path}:`, `${path}@`, `${path}$`, `${path},`, `${path}&x`, `${path}+`, `${path}#`, `${path}#x`, `${path}%23`, `${path}%3f`, path.slice(1), `http://localhost${path}`, `*${path}`, `.${path}`, `${path.slice(0, -1)}`, `${path}x`,
  ];
};

const line = (method, target, host, more = []) => `${method} ${target} HTTP/1.1\r\nHost: ${host}\r\n${more.map((h) => `${h}\r\n`).join('')}Connection: close\r\n\r\n`;

for (const store of stores) {
  test(`no other spelling of a path reaches a handler (${store})`, async (t) => {
    const clinic = await startClinic({ store });
    t.after(() => clinic.stop());
    register(clinic, app('story'));
    const agent = new Agent();
    const mine = await tokens(clinic, agent);
    const { port } = clinic.nodes[0];
    const host = `localhost:${port}`;
    const cookies = `Cookie: lanyard-session=${cookieOf(agent, clinic, 'lanyard-session')}; lanyard-flow=${cookieOf(agent, clinic, 'lanyard-flow')}`;
    const query = `?${encode(request().parameters)}`;

    const routes = [
      ['/oauth2/userinfo', '', [`Authorization: Bearer ${mine.access_token}`], 200], ['/oauth2/authorize', query, [cookies], 303], ['/oauth2/jwks', '', [], 200], ['/oauth2/logout', '', [], 303], ['/.well-known/openid-configuration', '', [], 200],
      ['/login', '', [], 303], ['/login/password', '', [], 303], ['/logout', '', [], 303], ['/consent', '?flow=flow_x', [cookies], 400], ['/error', '?code=locked', [], 429], ['/assets/lanyard.css', '', [], 200],
    ];
    for (const [path, search, headers, status] of routes) {
      await t.test(`${spellings(path).length} spellings of ${path}`, async () => {
        assert.equal((await raw(port, line('GET', path + search, host, headers))).status, status, `${path} itself`);
        for (const spelling of new Set(spellings(path))) {
          const target = spelling.includes('#') ? spelling : spelling + search;
          const answer = await raw(port, line('GET', target, host, headers));
          assert.ok([400, 404].includes(answer.status), `${JSON.stringify(target)}: ${answer.text.slice(0, 200)}`);
          assert.doesNotMatch(answer.text, /^Location:|ada@northside|"keys"|"issuer"|id="login-form"/im, target);
        }
      });
    }

    await t.test('a method that an address does not know is refused by name', async () => {
      for (const method of ['PUT', 'DELETE', 'PATCH', 'TRACE', 'CONNECT', 'get', 'Get', 'PROPFIND', 'GETX', 'POST']) {
        const answer = await raw(port, line(method, '/oauth2/jwks', host, ['Content-Length: 0']));
        assert.ok([400, 405, 501].includes(answer.status), `${method}: ${answer.status}`);
      }
      for (const header of ['X-HTTP-Method-Override: GET', 'X-HTTP-Method: GET', 'X-Method-Override: GET']) assert.equal((await raw(port, line('DELETE', '/oauth2/jwks', host, [header]))).status, 405, header);
      for (const header of ['X-Original-URL: /oauth2/jwks', 'X-Rewrite-URL: /oauth2/jwks', 'X-Forwarded-Prefix: /oauth2', 'X-Forwarded-Path: /oauth2/jwks', 'X-Forwarded-Uri: /oauth2/jwks']) {
        assert.equal((await raw(port, line('GET', '/nothing', host, [header]))).status, 404, header);
      }
    });

    // [name, header lines instead of Host, status]
    const hosts = [
      ['another name', ['Host: evil.example'], 421], ['another port', ['Host: localhost:1'], 421], ['no port', ['Host: localhost'], 421], ['a name that ends like ours', [`Host: evil${host}`], 421], ['a name that begins like ours', [`Host: ${host}.evil.example`], 421],
      ['a user in front', [`Host: evil.example@${host}`], 421], ['a user behind', [`Host: ${host}@evil.example`], 421], ['a path', [`Host: ${host}/evil.example`], 421], ['a query', [`Host: ${host}?evil.example`], 421], ['a list', [`Host: ${host}, evil.example`], 421], ['a dot at the end', [`Host: localhost.:${port}`], 421],
      ['a backslash', [`Host: ${host}\\.evil.example`], 421], ['an escape', [`Host: local%68ost:${port}`], 421], ['a sign before the port', [`Host: localhost:+${port}`], 421], ['a zero before the port', [`Host: localhost:0${port}`], 'ours or 421'], ['another loopback name', [`Host: ip6-localhost:${port}`], 421], ['another loopback address', [`Host: 127.0.0.2:${port}`], 421],
      ['nothing', ['Host:'], 400], ['no Host at all', [], 400], ['two', [`Host: ${host}`, 'Host: evil.example'], 400], ['two equal ones', [`Host: ${host}`, `Host: ${host}`], 400], ['two, the other first', ['Host: evil.example', `Host: ${host}`], 400], ['a blank before the colon', [`Host : ${host}`], 400], ['a folded line', [`Host: ${host}`, ' evil.example'], 400],
    ];
    for (const [name, lines, status] of hosts) {
      await t.test(`Host with ${name}`, async () => {
        for (const target of ['/oauth2/jwks', '/login', '/nothing']) {
          const answer = await raw(port, `GET ${target} HTTP/1.1\r\n${lines.map((l) => `${l}\r\n`).join('')}Connection: close\r\n\r\n`);
          if (status === 'ours or 421') assert.ok([200, 303, 404, 421].includes(answer.status));
          else assert.equal(answer.status, status, `${target}: ${answer.text.slice(0, 160)}`);
          assert.doesNotMatch(answer.text, /evil\.example/);
        }
      });
    }

    await t.test('what proxies add is not believed from a stranger: no address of it appears in an answer', async () => {
      const headers = {
        'x-forwarded-host': 'evil.example', 'x-forwarded-server': 'evil.example', 'x-forwarded-proto': 'https', 'x-forwarded-port': '443', 'x-forwarded-for': '203.0.113.9', forwarded: 'for=203.0.113.9;host=evil.example;proto=https', 'x-host': 'evil.example',
        'x-original-host': 'evil.example', 'x-real-ip': '203.0.113.9', 'x-client-ip': '203.0.113.9', 'true-client-ip': '203.0.113.9', 'cf-connecting-ip': '203.0.113.9', via: '1.1 evil.example', origin: 'https://evil.example', referer: 'https://evil.example/',
      };
      for (const path of ['/.well-known/openid-configuration', '/', '/login', '/logged-out', '/error', `/oauth2/authorize${query}`, '/oauth2/logout', '/nothing']) {
        const agent2 = new Agent();
        const answer = await agent2.send(`${clinic.issuer}${path}`, { headers });
        const all = answer.text + JSON.stringify([...answer.headers]);
        assert.doesNotMatch(all, /evil\.example|203\.0\.113\.9/, path);
        assert.doesNotMatch(all, /; ?secure/i, `${path}: http as before`);
        if (answer.location) assert.ok(answer.location.startsWith(clinic.issuer), answer.location);
      }
    });
  });

  test(`the address on record is the peer's, and a trusted proxy's word alone changes it (${store})`, async (t) => {
    const forged = '203.0.113.9';
    const failAs = async (clinic, username, headers) => {
      const agent = new Agent();
      const page = await agent.follow(authorizeUrl(clinic, request().parameters));
      const flow = new URL(page.url).searchParams.get('flow');
      const csrf = /name="csrf" value="([^"]*)"/.exec(page.text)[1];
      return agent.send(`${clinic.issuer}/login/password`, { method: 'POST', form: { flow, csrf, username, password: 'not-the-password' }, headers });
    };
    const addressOf = (clinic, at = -1) => events(clinic).filter((e) => e.type === 'auth.login.fail').at(at).body.net.ip;
    const spellings = [
      ['X-Forwarded-For', { 'x-forwarded-for': forged }], ['X-Forwarded-For with our own address', { 'x-forwarded-for': `127.0.0.1, ${forged}` }], ['Forwarded', { forwarded: `for=${forged}` }], ['X-Real-IP', { 'x-real-ip': forged }],
      ['X-Client-IP', { 'x-client-ip': forged }], ['CF-Connecting-IP', { 'cf-connecting-ip': forged }], ['True-Client-IP', { 'true-client-ip': forged }], ['X-Forwarded-For in other case', { 'X-FORWARDED-FOR': forged }],
    ];

    await t.test('from a stranger nothing is believed, and the budget is one', async (s) => {
      const clinic = await startClinic({ store, env: { LANYARD_LIMITS_SIGN_IN_TRIES: '10' } });
      s.after(() => clinic.stop());
      register(clinic, app('story'));
      for (const [name, headers] of spellings) {
        assert.equal((await failAs(clinic, people.ada.username, headers)).status, 403, name);
        assert.equal(addressOf(clinic), '127.0.0.1', name);
      }
      let last;
      for (let at = 0; at < 4; at++) last = await failAs(clinic, people.ada.username, { 'x-forwarded-for': `198.51.100.${at}` });
      assert.equal(last.status, 429, 'another claimed address is no other budget');
    });

    await t.test('from a trusted proxy the right-most hop that is not trusted counts', async (s) => {
      const clinic = await startClinic({ store, env: { LANYARD_TRUSTED_PROXIES: '127.0.0.1,10.0.0.0/8' } });
      s.after(() => clinic.stop());
      register(clinic, app('story'));
      const cases = [
        [forged, forged], [`198.51.100.1, ${forged}`, forged], [`${forged}, 10.1.2.3`, forged], [`${forged}, 10.1.2.3, 127.0.0.1`, forged], [`127.0.0.1, ${forged}, 10.0.0.1`, forged], [`${forged}:4711`, forged], ['2001:db8::7', '2001:db8::7'], ['[2001:db8::7]:99', '2001:db8::7'],
        ['', '127.0.0.1'], ['unknown', '127.0.0.1'], [`${forged}, garbage`, '127.0.0.1'], ['10.1.2.3', '10.1.2.3'], [`198.51.100.1,,${forged}`, forged], [`${forged} `, forged],
      ];
      for (const [header, expected] of cases) {
        assert.equal((await failAs(clinic, `someone${cases.indexOf(cases.find(([h]) => h === header))}@northside.example`, header ? { 'x-forwarded-for': header } : {})).status, 403, header);
        assert.equal(addressOf(clinic), expected, header);
      }
      const { status } = await get(clinic, '/', { 'x-forwarded-host': 'evil.example', 'x-forwarded-proto': 'https' });
      assert.equal(status, 200, 'a host is taken from nobody');
    });
  });
}
