// The practice is the wall: what belongs to one is not there for the other, at no endpoint and in no command; and inside
// a practice a role stays at the location where it is held (security.md part C; tokens: `tenant`, `clinic.locations`).
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { test } from 'node:test';
import { Agent, errorCode } from '../kit/agent.mjs';
import { people, startClinic, stores } from '../kit/clinic.mjs';
import { startDemoApp } from '../kit/demo-app.mjs';
import { app, authorize, authorizeUrl, basic, bearer, claimsOf, cookieOf, encode, henry, introspect, post, redirect, register, request, rows, sam, signedIn, tokens, userinfo } from '../kit/hostile.mjs';

const theirs = /riverside|harbor|downtown|Downtown|Harbor|rosa@|henry@|mina@/i;
const farRedirect = 'http://localhost:9998/cb';
const told = (answer) => Object.fromEntries(new URL(answer.location).searchParams);

async function world(t, store) {
  const clinic = await startClinic({ store });
  t.after(() => clinic.stop());
  register(clinic, app('story'), app('near', { practices: ['northside'] }), app('far', { practices: ['riverside'], redirect_uris: [farRedirect] }));
  return clinic;
}

// Asks without a page: what the app is told.
const silent = async (clinic, agent, parameters) => told(await agent.send(authorizeUrl(clinic, request({ prompt: 'none', ...parameters }).parameters)));

for (const store of stores) {
  test(`nothing of one practice is there for the other over HTTP (${store})`, async (t) => {
    const clinic = await world(t, store);
    const ada = await signedIn(clinic);
    const adaTokens = await tokens(clinic, ada);
    const nearTokens = await tokens(clinic, ada, { client_id: 'near' });
    const henrys = new Agent();
    const henryTokens = await tokens(clinic, henrys, {}, henry);
    const alive = async () => {
      for (const token of [adaTokens.access_token, nearTokens.access_token]) assert.equal((await userinfo(clinic, token)).status, 200);
    };

    await t.test('tokens and claims name one practice', async () => {
      for (const mine of [adaTokens, nearTokens]) {
        for (const token of [mine.id_token, mine.access_token]) {
          assert.equal(claimsOf(token).tenant, 'northside');
          assert.doesNotMatch(JSON.stringify(claimsOf(token)), theirs);
        }
        assert.doesNotMatch((await userinfo(clinic, mine.access_token)).text, theirs);
      }
      assert.equal(claimsOf(henryTokens.access_token).tenant, 'riverside');
    });

    await t.test('an app of one practice gives nothing to a session of the other', async () => {
      assert.equal((await silent(clinic, ada, { client_id: 'far', redirect_uri: farRedirect })).error, 'login_required');
      const page = await ada.follow(authorizeUrl(clinic, request({ client_id: 'far', redirect_uri: farRedirect }).parameters));
      assert.match(page.text, /id="login-form"/);
      const after = await ada.submit(page, people.ada, /<form[^>]*id="login-form"[^>]*>/);
      assert.equal(after.location, null, 'the right password of another practice opens nothing');
      assert.ok(['no_access', 'sign_in_failed'].includes(errorCode(after.text)), errorCode(after.text));
      assert.doesNotMatch(after.text, /Northside/);
    });

    // [name, parameters, error the app is told]: by redirect, whoever asks.
    const denied = [
      ['a practice that the app does not serve', { client_id: 'near', tenant: 'riverside' }, 'access_denied'],
      ['a practice that is not there', { client_id: 'near', tenant: 'nowhere' }, 'access_denied'],
      ['a practice in capitals', { tenant: 'NORTHSIDE' }, 'access_denied'],
      ['a practice and a blank', { tenant: 'northside ' }, 'access_denied'],
      ['two practices', { tenant: 'northside riverside' }, 'access_denied'],
      ['a pattern for practices', { tenant: '%' }, 'access_denied'],
      ['a practice by its number', { tenant: '1' }, 'access_denied'],
      ['a location of the other practice', { tenant: 'northside', location: 'harbor' }, 'access_denied'],
      ['a location of the other practice, practice open', { location: 'harbor' }, 'access_denied'],
      ['a location that is not there', { location: 'nowhere' }, 'access_denied'],
      ['a location of the other practice for its app', { client_id: 'near', location: 'downtown' }, 'access_denied'],
      ['another practice for this session', { tenant: 'riverside' }, 'login_required'],
      ['another practice and its location', { tenant: 'riverside', location: 'harbor' }, 'login_required'],
      ['a person of the other practice', { id_token_hint: null }, 'login_required'],
    ];
    for (const [name, parameters, error] of denied) {
      await t.test(`authorize with ${name}: ${error}`, async () => {
        const asked = 'id_token_hint' in parameters ? { id_token_hint: henryTokens.id_token } : parameters;
        const answer = await silent(clinic, ada, asked);
        assert.deepEqual([answer.error, answer.code], [error, undefined]);
        assert.doesNotMatch(JSON.stringify(answer), theirs);
      });
    }

    await t.test('not served and not there are told alike', async () => {
      const [a, b] = await Promise.all(['riverside', 'nowhere'].map((tenant) => silent(clinic, ada, { client_id: 'near', tenant })));
      assert.deepEqual(a, b);
      const [c, d] = await Promise.all(['harbor', 'nowhere'].map((location) => silent(clinic, ada, { location })));
      assert.deepEqual(c, d);
    });

    await t.test('the practice that was asked for stays: its sign-in page takes nobody else', async () => {
      const agent = new Agent();
      const page = await agent.follow(authorizeUrl(clinic, request({ tenant: 'riverside' }).parameters));
      const after = await agent.submit(page, people.ada, /<form[^>]*id="login-form"[^>]*>/);
      assert.deepEqual([after.location, errorCode(after.text)], [null, 'sign_in_failed']);
      const right = await agent.submit(after, henry, /<form[^>]*id="login-form"[^>]*>/);
      assert.ok(right.location?.startsWith(redirect), right.text);
    });

    await t.test('another app may not redeem, ask, revoke or refresh across the wall', async () => {
      const { form } = await authorize(clinic, ada, { client_id: 'near' });
      assert.equal((await post(clinic, '/oauth2/token', form, basic('far'))).json.error, 'invalid_grant');
      for (const token of [nearTokens.access_token, nearTokens.refresh_token, adaTokens.access_token]) {
        assert.deepEqual(await introspect(clinic, token, 'far'), { active: false });
        const given = await post(clinic, '/oauth2/revoke', { token }, basic('far'));
        assert.ok([200, 400].includes(given.status));
        assert.doesNotMatch(given.text, /northside|ada@/);
      }
      assert.equal((await post(clinic, '/oauth2/token', { grant_type: 'refresh_token', refresh_token: nearTokens.refresh_token }, basic('far'))).json.error, 'invalid_grant');
      assert.equal((await introspect(clinic, nearTokens.refresh_token, 'near')).active, true, 'and it lives on');
      await alive();
    });

    await t.test('an app acts for itself where it serves, nowhere else', async () => {
      const ask = (id, tenant) => post(clinic, '/oauth2/token', { grant_type: 'client_credentials', ...(tenant ? { tenant } : {}) }, basic(id));
      assert.deepEqual([(await ask('far', 'northside')).json.error, (await ask('far', 'nowhere')).json.error], ['unauthorized_client', 'unauthorized_client']);
      assert.equal((await ask('story')).json.code, 'tenant_missing');
      const far = (await ask('far')).json.access_token;
      assert.equal(claimsOf(far).tenant, 'riverside');
      assert.deepEqual(await introspect(clinic, far, 'near'), { active: false });
      assert.deepEqual(await introspect(clinic, far, 'story'), { active: false }, 'issued to another app');
      assert.equal((await introspect(clinic, far, 'far')).tenant, 'riverside');
      assert.equal((await userinfo(clinic, far)).status, 403);
    });

    await t.test('a handle that names the other practice is nobody\'s', async () => {
      const cookie = cookieOf(ada, clinic, 'lanyard-session');
      const [number, secret] = cookie.split('.');
      for (const other of ['0', '1', '2', '3', '01', '', '-1', '99999999999999999999'].filter((n) => n !== number)) {
        const home = await fetch(`${clinic.issuer}/`, { headers: { cookie: `lanyard-session=${other}.${secret}` } });
        assert.doesNotMatch(await home.text(), /id="signed-in"/, other);
        const swapped = nearTokens.refresh_token.replace(/^r\d+/, `r${other}`);
        const refreshed = await post(clinic, '/oauth2/token', { grant_type: 'refresh_token', refresh_token: swapped }, basic('near'));
        assert.equal(refreshed.json.error, 'invalid_grant', other);
      }
      await alive();
    });

    await t.test('a hint from the other practice signs nobody out unasked', async () => {
      const asked = await ada.follow(`${clinic.issuer}/oauth2/logout?${encode({ id_token_hint: henryTokens.id_token })}`);
      assert.match(asked.text, /id="logout-confirm"/);
      assert.equal((await introspect(clinic, henryTokens.access_token)).active, true);
      await alive();
    });

    await t.test('a pushed request is good for its own app alone', async () => {
      const pushed = await post(clinic, '/oauth2/par', request({ client_id: 'far', redirect_uri: farRedirect }).parameters, basic('far'));
      assert.equal(pushed.status, 201, pushed.text);
      const stolen = await ada.send(authorizeUrl(clinic, { client_id: 'near', request_uri: pushed.json.request_uri }));
      assert.deepEqual([stolen.status, stolen.location], [400, null]);
      assert.equal(errorCode(stolen.text), 'request_uri_invalid');
    });

    await t.test('wrong password and no such person look the same at the other practice\'s app', async () => {
      const look = async (username) => {
        const agent = new Agent();
        const page = await agent.follow(authorizeUrl(clinic, request({ client_id: 'far', redirect_uri: farRedirect }).parameters));
        const after = await agent.submit(page, { username, password: 'not-the-password' }, /<form[^>]*id="login-form"[^>]*>/);
        return [after.status, after.text.replace(/name="(flow|csrf)" value="[^"]*"/g, '$1').replace(/[A-Z0-9]{4}-[A-Z0-9]{4}-[A-Z0-9]{4}/g, 'REF').replaceAll(username, 'WHO')];
      };
      const [known, unknown] = [await look(people.ada.username), await look('nobody@northside.example')];
      assert.deepEqual(known, unknown);
      assert.equal(known[0], 403);
    });
  });

  test(`one address at both practices is two people (${store})`, async (t) => {
    const clinic = await world(t, store);
    const chooser = async (agent) => {
      const page = await agent.follow(authorizeUrl(clinic, request().parameters));
      return agent.submit(page, sam, /<form[^>]*id="login-form"[^>]*>/);
    };

    await t.test('the choice is between those that matched, and nothing else can be chosen', async () => {
      const agent = new Agent();
      const page = await chooser(agent);
      assert.deepEqual([...page.text.matchAll(/<option value="([^"]*)"/g)].map((m) => m[1]).sort(), ['northside', 'riverside']);
      for (const practice of ['', 'nowhere', 'NORTHSIDE', 'northside,riverside', '1', '*']) {
        const after = await agent.submit(page, { practice });
        assert.equal(after.location, null, practice);
        assert.match(after.text, /id="practice"/, practice);
      }
      const done = await agent.submit(page, { practice: 'riverside' });
      assert.ok(done.location?.startsWith(redirect));
    });

    await t.test('each practice knows its own half', async () => {
      const agent = new Agent();
      const at = async (practice) => {
        const { form } = await authorize(clinic, agent, { tenant: practice, scope: 'openid clinic roles profile email' }, sam);
        const { json } = await post(clinic, '/oauth2/token', form, basic('story'));
        return { ...claimsOf(json.access_token), person: (await userinfo(clinic, json.access_token)).json, session: cookieOf(agent, clinic, 'lanyard-session') };
      };
      const north = await at('northside');
      const south = await at('riverside');
      assert.deepEqual([north.tenant, south.tenant], ['northside', 'riverside']);
      assert.deepEqual([north.clinic.locations.map((l) => l.id), south.clinic.locations.map((l) => l.id)], [['main'], ['harbor']]);
      assert.notEqual(north.sub, south.sub);
      assert.notEqual(north.sid, south.sid);
      assert.notEqual(north.session, south.session);
      assert.doesNotMatch(JSON.stringify(north), theirs);
      assert.doesNotMatch(JSON.stringify(south), /northside|"main"|Main Street/i);
    });

    await t.test('an app of one practice asks for no choice', async () => {
      const { form } = await authorize(clinic, new Agent(), { client_id: 'far', redirect_uri: farRedirect }, sam);
      const { json } = await post(clinic, '/oauth2/token', form, basic('far'));
      assert.equal(claimsOf(json.access_token).tenant, 'riverside');
    });

    await t.test('disabled here, still working there', async () => {
      const agent = new Agent();
      const { form } = await authorize(clinic, agent, { client_id: 'far', redirect_uri: farRedirect }, sam);
      const { json } = await post(clinic, '/oauth2/token', form, basic('far'));
      clinic.must('user', 'disable', sam.username, '--practice', 'northside');
      assert.equal((await introspect(clinic, json.access_token, 'far')).active, true);
      const only = new Agent();
      const { form: next } = await authorize(clinic, only, {}, sam);
      const got = await post(clinic, '/oauth2/token', next, basic('story'));
      assert.equal(claimsOf(got.json.access_token).tenant, 'riverside', 'the only one left is no choice');
      clinic.must('user', 'enable', sam.username, '--practice', 'northside');
    });

    await t.test('in the store every row of a person stands in the person\'s practice', async () => {
      for (const table of ['session', 'code', 'family', 'assignment', 'password', 'consent']) {
        const [{ n }] = rows(clinic, `SELECT count(*) AS n FROM ${table} x JOIN account a ON a.id = x.account_id WHERE a.practice_id <> x.practice_id`);
        assert.equal(n, 0, table);
      }
      const astray = rows(clinic, "SELECT e.practice_id, e.type, e.body FROM event e JOIN account a ON e.actor = a.id WHERE a.practice_id <> e.practice_id AND e.practice_id <> ''");
      assert.deepEqual(astray, [], 'event');
    });
    if (store === 'postgresql') {
      await t.test('the database alone shows the server\'s role nothing without a practice', async () => {
        const address = clinic.address.replace('postgresql://clinic@', 'postgresql://lanyard@');
        for (const table of ['location', 'role', 'account', 'password', 'assignment', 'session', 'session_app', 'saml_session', 'code', 'family', 'consent', 'event']) {
          const count = (before) => Number(execFileSync('psql', [address, '-qAtc', `${before} SELECT count(*) FROM ${table}`], { encoding: 'utf8' }).trim());
          assert.equal(count('SET ROLE lanyard_app;'), 0, table);
          if (['location', 'role', 'account', 'event'].includes(table)) assert.ok(count('') > 0, table);
        }
      });
    }
  });

  test(`a role stays at its location in every token and answer (${store})`, async (t) => {
    const clinic = await world(t, store);
    const agent = await signedIn(clinic);
    const scope = 'openid clinic roles groups profile email offline_access';
    const truth = [['main', ['provider']], ['west', ['manager']]];
    // [name, location asked for, roles]
    const cases = [['without a location', null, []], ['at Main Street', 'main', ['provider']], ['on the West Side', 'west', ['manager']]];

    for (const [name, location, roles] of cases) {
      await t.test(`Ada ${name}: ${roles.join() || 'no role'}, in ID token, access token, userinfo, introspection and after a refresh`, async () => {
        const { form } = await authorize(clinic, agent, { scope, location });
        const { json: first } = await post(clinic, '/oauth2/token', form, basic('story'));
        const { json: next } = await post(clinic, '/oauth2/token', { grant_type: 'refresh_token', refresh_token: first.refresh_token }, basic('story'));
        const says = {
          'ID token': claimsOf(first.id_token), 'access token': claimsOf(first.access_token), userinfo: (await userinfo(clinic, first.access_token)).json, introspection: await introspect(clinic, first.access_token),
          'refreshed access token': claimsOf(next.access_token), 'refreshed userinfo': (await userinfo(clinic, next.access_token)).json, 'refreshed introspection': await introspect(clinic, next.access_token), 'refreshed ID token': claimsOf(next.id_token),
        };
        for (const [where, claims] of Object.entries(says)) {
          assert.deepEqual(claims.roles, roles, where);
          assert.deepEqual(claims.clinic.locations.map((l) => [l.id, l.roles]), truth, where);
          assert.equal(claims.clinic.location?.id ?? null, location, where);
          for (const place of claims.clinic.locations) assert.ok(!(place.roles.includes('manager') && place.roles.includes('provider')), where);
          if (claims.groups) assert.deepEqual(claims.groups, ['main:provider', 'west:manager'], where);
        }
      });
    }

    await t.test('a location where she does not stand is refused, and so is one on the way back', async () => {
      clinic.must('location', 'add', 'north', '--practice', 'northside', '--name', 'North');
      assert.equal((await silent(clinic, agent, { location: 'north' })).error, 'access_denied');
      const fresh = await authorize(clinic, new Agent(), { location: 'north' });
      assert.deepEqual([fresh.answer.error, fresh.answer.code], ['access_denied', undefined]);
    });

    await t.test('at the location page only her own places can be chosen', async () => {
      register(clinic, app('placed', { require_location: true }));
      const chooser = new Agent();
      let page = await chooser.follow(authorizeUrl(clinic, request({ client_id: 'placed' }).parameters));
      page = await chooser.submit(page, people.ada, /<form[^>]*id="login-form"[^>]*>/);
      assert.deepEqual([...page.text.matchAll(/<option value="([^"]*)"/g)].map((m) => m[1]).sort(), ['main', 'west']);
      for (const location of ['', 'north', 'harbor', 'all', '*', 'MAIN', 'main,west']) {
        const after = await chooser.submit(page, { location });
        assert.equal(after.location, null, location);
        assert.match(after.text, /id="location"/, location);
      }
      const done = await chooser.submit(page, { location: 'west' });
      assert.ok(done.location?.startsWith(redirect), done.text);
    });

    await t.test('the demo app lets a token of one practice see nothing of the other', async (s) => {
      const demo = await startDemoApp(clinic);
      s.after(() => demo.stop());
      const at = async (who, more = {}) => (await tokensOfDemo(clinic, demo, who, more));
      const north = await at(people.ada);
      const south = await at(henry);
      const ask = async (token, query) => {
        const answer = await fetch(`${demo.base}/api/appointments?${encode(query)}`, { headers: bearer(token) });
        return [answer.status, await answer.text()];
      };
      assert.equal((await ask(north.access_token, { practice: 'northside' }))[0], 200);
      assert.equal((await ask(south.access_token, { practice: 'riverside' }))[0], 200);
      for (const [name, token, query, status] of [
        ['northside for riverside', north.access_token, { practice: 'riverside' }, 403], ['riverside for northside', south.access_token, { practice: 'northside' }, 403], ['a practice that is not there', north.access_token, { practice: 'nowhere' }, 403],
        ['a location of the other practice', north.access_token, { practice: 'northside', location: 'harbor' }, 403], ['a location of the other practice alone', north.access_token, { location: 'harbor' }, 403],
        ['the ID token', north.id_token, {}, 401], ['the refresh token', north.refresh_token, {}, 401], ['a token for another app', (await tokens(clinic, agent)).access_token, {}, 401],
      ]) {
        const [got, text] = await ask(token, query);
        assert.equal(got, status, `${name}: ${text}`);
        assert.doesNotMatch(text, /"appointments"/, name);
      }
      assert.doesNotMatch((await ask(north.access_token, {}))[1], theirs);
      assert.doesNotMatch((await ask(south.access_token, {}))[1], /northside|"main"|"west"/);
    });
  });

  test(`no command reaches over the wall, and no document (${store})`, async (t) => {
    const clinic = await world(t, store);
    const henrys = new Agent();
    const mine = await tokens(clinic, henrys, {}, henry);
    const { sid } = claimsOf(mine.id_token);
    const north = ['--practice', 'northside'];
    const person = 'henry@riverside.example';
    const dump = (table) => JSON.stringify(rows(clinic, `SELECT * FROM ${table} WHERE practice_id = 'riverside' ORDER BY 1, 2, 3`));
    const watched = ['account', 'assignment', 'role', 'location', 'password'];
    const before = Object.fromEntries(watched.map((table) => [table, dump(table)]));

    const refused = [
      ['user', 'show', person, ...north], ['user', 'set', person, '--given-name', 'X', ...north], ['user', 'disable', person, ...north], ['user', 'enable', person, ...north], ['user', 'unlock', person, ...north],
      ['user', 'reset-password', person, ...north], ['user', 'logout', person, ...north], ['user', 'delete', person, ...north, '--yes'], ['grant', person, 'manager', '--location', 'main', ...north], ['grant', person, 'manager', '--location', 'downtown', ...north],
      ['grant', 'ada@northside.example', 'manager', '--location', 'harbor', ...north], ['grant', person, 'lead-therapist', '--location', 'harbor', '--practice', 'riverside'], ['ungrant', person, 'provider', ...north], ['ungrant', 'ada@northside.example', 'front-desk', '--location', 'harbor', ...north],
      ['user', 'add', 'new@northside.example', '--role', 'provider', '--location', 'harbor', ...north], ['user', 'set', 'ada@northside.example', '--role', 'provider', '--location', 'harbor', ...north],
      ['role', 'show', 'lead-therapist', '--practice', 'riverside'], ['role', 'set', 'lead-therapist', '--name', 'X', '--practice', 'riverside'], ['role', 'users', 'lead-therapist', '--practice', 'riverside'], ['role', 'delete', 'lead-therapist', '--practice', 'riverside', '--yes'],
      ['role', 'diff', 'lead-therapist', 'provider', '--practice', 'riverside'], ['role', 'add', 'spy', '--name', 'Spy', '--inherits', 'lead-therapist', '--practice', 'riverside'], ['location', 'set', 'harbor', '--name', 'X', ...north], ['location', 'archive', 'harbor', ...north],
      ['location', 'add', 'annex', '--name', 'Annex', '--parent', 'harbor', ...north], ['session', 'end', sid, ...north], ['session', 'list', person, ...north], ['explain', 'token', person, 'story', ...north], ['explain', 'access', person, 'story', ...north], ['explain', 'token', 'ada@northside.example', 'far', ...north],
      ['explain', 'token', 'ada@northside.example', 'story', '--location', 'harbor', ...north], ['explain', 'access', 'ada@northside.example', 'notes', '--location', 'harbor', ...north],
    ];
    for (const args of refused) {
      await t.test(`lanyard ${args.join(' ')}`, () => {
        const ran = clinic.command(...args);
        assert.ok([3, 4].includes(ran.code) || /there is no such (role|location)/.test(ran.err), `exit ${ran.code}: ${ran.out}${ran.err}`);
        assert.doesNotMatch(ran.out, /Henry|Cole|"downtown"/);
      });
    }
    const empty = [['user', 'list', ...north], ['session', 'list', ...north], ['role', 'users', 'provider', ...north], ['role', 'list', ...north], ['location', 'list', ...north], ['app', 'list', ...north]];
    for (const args of empty) {
      await t.test(`lanyard ${args.join(' ')} lists its own practice alone`, () => {
        const { out } = clinic.must(...args);
        assert.doesNotMatch(out.replace(/"practices": \[[^\]]*\]/g, ''), theirs);
        if (args[0] === 'app') assert.doesNotMatch(out, /"far"/);
      });
    }

    // Documents that reach over: [name, practice].
    const documents = [
      ['a role of the other practice', { id: 'riverside', staff: [{ email: 'x@riverside.example', given_name: 'X', family_name: 'Y', class: 'staff', assignments: [{ role: 'lead-therapist', locations: 'all' }] }] }],
      ['a location of the other practice', { id: 'northside', staff: [{ email: 'x@northside.example', given_name: 'X', family_name: 'Y', class: 'staff', assignments: [{ role: 'provider', locations: ['harbor'] }] }] }],
      ['a parent of the other practice', { id: 'northside', locations: [{ id: 'annex', name: 'Annex', parent: 'harbor' }] }],
      ['a role that inherits from the other practice', { id: 'riverside', roles: [{ id: 'spy', name: 'Spy', inherits: ['lead-therapist'] }] }],
    ];
    for (const [name, practice] of documents) {
      await t.test(`apply refuses ${name}`, () => {
        const ran = clinic.apply({ practices: [practice] });
        assert.notEqual(ran.code, 0, ran.out);
        assert.doesNotMatch(ran.err + ran.out, /Henry|Rosa|Mina/);
      });
    }
    await t.test('apply refuses an app for a practice that is not there', () => assert.notEqual(clinic.apply({ apps: [app('lost', { practices: ['nowhere'] })] }).code, 0));

    await t.test('after all this the other practice is as it was', async () => {
      for (const table of watched) assert.equal(dump(table), before[table], table);
      assert.equal((await introspect(clinic, mine.access_token)).active, true);
    });

    await t.test('signing everybody out of one practice leaves the other alone', async () => {
      const ada = await tokens(clinic, new Agent());
      clinic.must('logout-all', ...north, '--yes');
      assert.equal((await introspect(clinic, ada.access_token)).active, false);
      assert.equal((await introspect(clinic, mine.access_token)).active, true);
    });

    await t.test('a practice that is off gives nothing, and the other goes on', async () => {
      clinic.must('practice', 'set', 'riverside', '--disable');
      assert.equal((await introspect(clinic, mine.access_token)).active, false);
      assert.equal((await userinfo(clinic, mine.access_token)).status, 401);
      assert.equal((await post(clinic, '/oauth2/token', { grant_type: 'refresh_token', refresh_token: mine.refresh_token }, basic('story'))).json.error, 'invalid_grant');
      assert.equal((await silent(clinic, henrys, { tenant: 'riverside' })).error, 'access_denied');
      await tokens(clinic, new Agent());
      clinic.must('practice', 'set', 'riverside', '--enable');
    });
  });
}

async function tokensOfDemo(clinic, demo, who, more) {
  const { parameters, verifier } = request({ client_id: 'demo', redirect_uri: `${demo.base}/callback`, scope: 'openid profile email clinic roles offline_access', ...more });
  const page = await new Agent().signIn(authorizeUrl(clinic, parameters), who);
  const code = new URL(page.location).searchParams.get('code');
  const { json } = await post(clinic, '/oauth2/token', { grant_type: 'authorization_code', code, redirect_uri: parameters.redirect_uri, code_verifier: verifier }, basic('demo', 'a-demo-secret-for-a-story-only-000'));
  assert.ok(json.access_token, JSON.stringify(json));
  return json;
}
