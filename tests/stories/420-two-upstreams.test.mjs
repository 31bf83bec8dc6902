// Two connections in one practice, and two practices that share an e-mail address: what belongs to one provider is nothing
// to another. Each swap of issuer, key, audience, endpoint, state and code between two of them is refused (security.md B11,
// P-17).
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startClinic, stores } from '../kit/clinic.mjs';
import { app, register } from '../kit/hostile.mjs';
import { signed } from '../kit/forge.mjs';
import { idToken, startLiar } from '../kit/liar-oidc.mjs';
import { accounts, declare, finish, lastRefusal, liarConnection, links, rolesAt, sessionsOf, shown, signInBy, toCallback, wordOf } from '../kit/upstream.mjs';

const kim = { sub: 'kim', email: 'kim@shared.example', given_name: 'Kim', family_name: 'Hale', groups: ['Doctors'] };
const harbor = [{ when: { claim: 'groups', contains: 'Doctors' }, grant: { role: 'provider', locations: ['harbor'] } }];
const practiceOf = { a: 'northside', b: 'northside', c: 'riverside' };
const byId = (op) => ({ connection: op.name, app: { tenant: practiceOf[op.name] } });
const swapped = (url, changes, path) => {
  const to = new URL(url);
  if (path) to.pathname = path;
  for (const [name, value] of Object.entries(changes)) if (value === undefined) to.searchParams.delete(name); else to.searchParams.set(name, value);
  return to.href;
};
const partOf = (url, name) => new URL(url).searchParams.get(name);

for (const store of stores) {
  test(`no path crosses from one provider to another (${store})`, async (t) => {
    const clinic = await startClinic({ store });
    const liar = await startLiar();
    t.after(async () => { liar.stop(); await clinic.stop(); });
    register(clinic, app('story'));
    const ops = Object.fromEntries(['a', 'b', 'c'].map((name) => [name, liar.add(name, { ...kim, sub: name === 'b' ? 'kim-b' : 'kim', email: name === 'b' ? 'kim.b@shared.example' : kim.email })]));
    declare(clinic, [liarConnection(ops.a), liarConnection(ops.b)]);
    declare(clinic, [liarConnection(ops.c, { mapping: harbor })], 'riverside');

    const truth = {};
    await t.test('each alone signs in its own person; one address in two practices is two people', async () => {
      for (const op of Object.values(ops)) truth[op.name] = (await signInBy(clinic, byId(op))).id;
      assert.deepEqual([truth.a.tenant, truth.b.tenant, truth.c.tenant], ['northside', 'northside', 'riverside']);
      assert.equal(new Set(Object.values(truth).map(({ sub }) => sub)).size, 3);
      assert.deepEqual([rolesAt(truth.a), rolesAt(truth.c)], [{ main: ['provider'] }, { harbor: ['provider'] }]);
      assert.deepEqual(links(clinic).map((link) => [link.connection_id, link.practice_id, link.subject]).toSorted(), [['a', 'northside', 'kim'], ['b', 'northside', 'kim-b'], ['c', 'riverside', 'kim']]);
    });
    const before = { links: links(clinic).length, north: accounts(clinic).length, south: accounts(clinic, 'riverside').length };

    // mine: where the sign-in was begun; theirs: whose part is put in. [what, the lie of mine, what becomes of the callback].
    const swaps = [
      ['issuer in the ID token', (mine, theirs) => ({ claims: (c) => ({ ...c, iss: theirs.issuer }) }), null, /"iss"/],
      ['key', (mine, theirs) => ({ sign: (h, c) => signed({ ...h, kid: theirs.kid }, c, theirs.key) }), null, /"(key|signature)"/],
      ['audience', (mine, theirs) => ({ claims: (c) => ({ ...c, aud: theirs.client }) }), null, /"aud"/],
      ['endpoint', () => ({}), async (mine, theirs, way) => swapped(way.url, {}, `/federation/${theirs.name}/callback`), /"state"/],
      ['state', () => ({}), async (mine, theirs, way) => {
        const other = await toCallback(clinic, { agent: way.agent, ...byId(theirs) });
        return swapped(way.url, { state: partOf(other.url, 'state') });
      }, /"state"/],
      ['state of another browser', () => ({}), async (mine, theirs, way) => swapped(way.url, { state: partOf((await toCallback(clinic, byId(theirs))).url, 'state') }), null],
      ['code', () => ({}), async (mine, theirs, way) => swapped(way.url, { code: partOf((await toCallback(clinic, byId(theirs))).url, 'code') }), /"invalid_grant"/],
      ['issuer of the answer', () => ({}), async (mine, theirs, way) => swapped(way.url, { iss: theirs.issuer }), /"response_iss"/],
      ['whole ID token', (mine, theirs) => ({ sign: (_h, c) => idToken({ ...theirs, lie: {} }, { nonce: c.nonce, person: kim }) }), null, /"(iss|key|signature|aud)"/],
    ];
    const pairs = [['a', 'b'], ['b', 'a'], ['a', 'c'], ['c', 'a']];
    let seen = 0;
    for (const [what, lie, change, word] of swaps) {
      for (const [from, to] of pairs) {
        await t.test(`${what} of ${to} in a sign-in by ${from}: refused`, async () => {
          const [mine, theirs] = [ops[from], ops[to]];
          mine.lie = lie(mine, theirs);
          const sessions = sessionsOf(clinic).length;
          const way = await toCallback(clinic, byId(mine));
          const end = await finish(clinic, way, change ? await change(mine, theirs, way) : way.url);
          mine.lie = {};
          assert.deepEqual([end.answer.code, end.page.status >= 400], [undefined, true], shown(end.page));
          assert.ok(wordOf(end), shown(end.page));
          if (word) assert.match(JSON.stringify(lastRefusal(clinic)), word);
          assert.equal(sessionsOf(clinic).length, sessions);
          seen++;
        });
      }
    }

    await t.test('nobody was made or linked on the way, and each still signs in its own', async () => {
      assert.equal(seen, swaps.length * pairs.length);
      assert.deepEqual([links(clinic).length, accounts(clinic).length, accounts(clinic, 'riverside').length], [before.links, before.north, before.south]);
      for (const op of Object.values(ops)) assert.equal((await signInBy(clinic, byId(op))).id.sub, truth[op.name].sub);
    });

    await t.test('the same issuer and subject by two connections are two people, unless linked', async () => {
      const twin = liarConnection(ops.a, { id: 'twin', name: 'Twin' });
      declare(clinic, [twin]);
      const way = await toCallback(clinic, { connection: 'twin', app: { tenant: 'northside' } });
      const end = await finish(clinic, way);
      assert.equal(end.answer.code, undefined, 'the address is taken: the password is asked for');
      assert.match(end.page.text, /id="password"/);
      assert.equal(links(clinic).length, before.links);
    });

    await t.test('an id of one practice cannot be declared in the other', () => {
      const applied = clinic.apply({ practices: [{ id: 'riverside', connections: [liarConnection(ops.a)] }] });
      assert.notEqual(applied.code, 0);
      assert.doesNotMatch(applied.err + applied.out, /northside/i);
    });
  });
}
