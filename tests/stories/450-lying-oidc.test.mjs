// Providers that lie, one lie each: nobody is signed in, nobody is made, it ends in bounded time and memory, and the audit
// names what was wrong (security.md B4, D7, D8, F1-F6, G3, G6). One that tells the truth shows that nothing else is amiss.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { test } from 'node:test';
import { startClinic, stores } from '../kit/clinic.mjs';
import { app, events, register, short } from '../kit/hostile.mjs';
import { ecKey, publicJwk, signed } from '../kit/forge.mjs';
import { startLiar } from '../kit/liar-oidc.mjs';
import { lies } from '../kit/lies-oidc.mjs';
import { accounts, declare, liarConnection, links, rolesAt, shown, signInBy, throughUpstream, wordOf } from '../kit/upstream.mjs';

const somebody = (n, more = {}) => ({ sub: `sub-${n}`, email: `p${n}@corp.example`, given_name: 'Pat', family_name: 'Quill', groups: ['Doctors'], ...more });
const memoryOf = (clinic) => Number(/VmRSS:\s*(\d+)/.exec(readFileSync(`/proc/${clinic.nodes[0].process.pid}/status`, 'utf8'))[1]);
const asan = /asan/.test(process.env.LANYARD_BUILD ?? '');
// What is on record of a connection: refusals, and that it was found down.
const recordOf = (all, id) => all.filter((event) => /^(upstream\.deny|connection\.down)$/.test(event.type) && (event.target?.endsWith(id) || JSON.stringify(event.body).includes(`"${id}"`))).map((event) => `${event.type} ${JSON.stringify(event.body)}`);

// What must never be asked.
async function startTrap() {
  const trap = { asked: [] };
  const server = createServer((ask, answer) => { trap.asked.push(ask.url); answer.end('{}'); });
  await new Promise((done) => server.listen(0, '127.0.0.1', done));
  return Object.assign(trap, { url: `http://127.0.0.1:${server.address().port}/inside`, stop: () => { server.closeAllConnections(); server.close(); } });
}

for (const store of stores) {
  test(`each lie is refused in bounded time and memory and named in the audit (${store})`, async (t) => {
    const clinic = await startClinic({ store, env: { LANYARD_OUTBOUND_ALLOW_PRIVATE_TARGETS: 'false' } });
    const [liar, trap] = await Promise.all([startLiar(), startTrap()]);
    t.after(async () => { liar.stop(); trap.stop(); await clinic.stop(); });
    register(clinic, app('story'));
    const rowsOf = lies(() => trap.url).map(([name, lie, word], n) => ({ name, word, n, lie, id: `lie-${n}` })).filter(({ n }) => !short || n % 3 === 0);
    for (const row of rowsOf) row.op = liar.add(row.id, somebody(row.n), row.lie);
    const truth = liar.add('truth', somebody('t'));
    declare(clinic, [...rowsOf.map(({ op }) => liarConnection(op, { userinfo: true })), liarConnection(truth, { userinfo: true })], 'northside', { domains: ['northside.example', 'corp.example'] });

    await t.test('the one that tells the truth is believed', async () => {
      const { id } = await signInBy(clinic, { connection: 'truth', app: { tenant: 'northside' } });
      assert.deepEqual(rolesAt(id), { main: ['provider'] });
    });
    const before = { accounts: accounts(clinic).length, links: links(clinic).length, memory: memoryOf(clinic) };

    const tell = async (row) => {
      const began = Date.now();
      row.way = await throughUpstream(clinic, { connection: row.id, app: { tenant: 'northside' } });
      row.took = Date.now() - began;
    };
    const left = [...rowsOf];
    await Promise.all(Array.from({ length: 8 }, async () => { while (left.length) await tell(left.shift()); }));

    const all = events(clinic);
    for (const { name, way, took, word, id } of rowsOf) {
      await t.test(`${name} (${id}): ${wordOf(way)}`, () => {
        assert.equal(way.answer.code, undefined, 'the app was given a code');
        assert.equal(clinic.nodes[0].process.exitCode, null);
        assert.ok(way.page.status < 500 || [502, 503].includes(way.page.status), shown(way.page));
        assert.doesNotMatch(way.page.text, /<script>alert|evil\.example/);
        assert.ok(took < (asan ? 30000 : 20000), `${took} ms`);
        assert.match(wordOf(way) ?? '', /^(upstream_|unmapped|email_)/, shown(way.page));
        const told = recordOf(all, id);
        assert.ok(told.some((text) => text.includes(`"reason":"${word}"`) || (text.startsWith('connection.down') && text.includes(word))), `${word}: ${told.join('\n') || 'nothing on record'}`);
      });
    }

    await t.test('nobody was made or linked, nothing inside was asked, and memory is what it was', () => {
      assert.deepEqual([accounts(clinic).length, links(clinic).length], [before.accounts, before.links]);
      assert.deepEqual(trap.asked, []);
      if (!asan) assert.ok(memoryOf(clinic) - before.memory < 60 << 10, `${before.memory} KB, then ${memoryOf(clinic)} KB`);
    });
  });

  test(`what is not a lie is read as it is meant (${store})`, async (t) => {
    const clinic = await startClinic({ store });
    const liar = await startLiar();
    t.after(async () => { liar.stop(); await clinic.stop(); });
    register(clinic, app('story'));
    const op = liar.add('plain', somebody(0));
    const rotating = liar.add('rotating', somebody(1));
    const flooding = liar.add('flooding', somebody(2));
    const both = liar.add('both', somebody(3));
    declare(clinic, [...[op, rotating, flooding].map((one) => liarConnection(one)), liarConnection(both, { userinfo: true })], 'northside', { domains: ['northside.example', 'corp.example'] });
    const by = (one) => throughUpstream(clinic, { connection: one.name, app: { tenant: 'northside' } });

    // [what it says of the address, the word of the refusal]
    const addresses = [
      ['says that the address is not verified', { email_verified: false }, 'email_unverified'],
      ['says nothing of it', { email_verified: undefined, claims: { email_verified: undefined } }, 'email_unverified'],
      ['says "true" as text', { email_verified: 'true' }, 'email_unverified'],
      ['says 1', { email_verified: 1 }, 'email_unverified'],
      ['has no address', { email: undefined }, 'email_missing'],
      ['has two addresses', { email: ['a@corp.example', 'b@corp.example'] }, 'email_missing'],
      ['has an address with two @', { email: 'a@b@corp.example' }, 'email_missing'],
      ['has an address with a line end', { email: 'a@corp.example\nBcc: x' }, 'email_missing'],
      ['has an address of 300 letters', { email: `${'a'.repeat(290)}@corp.example` }, 'email_missing'],
      ['has an address with a display name', { email: 'Pat <pat@corp.example>' }, 'email_missing'],
    ];
    for (const [at, [name, changes, word]] of addresses.entries()) {
      await t.test(`a new person whose provider ${name} is refused: ${word}`, async () => {
        op.person = somebody(`a${at}`, changes);
        const before = accounts(clinic).length;
        const way = await by(op);
        assert.deepEqual([way.answer.code, wordOf(way), accounts(clinic).length], [undefined, word, before], shown(way.page));
      });
    }

    // [what the ID token says, what userinfo says]: the address and the word about it are taken from one of them alone.
    const split = [
      ['the word here, the address there', { email: undefined, email_verified: true }, { email_verified: undefined }],
      ['the word here, the address there with its own no', { email: undefined, email_verified: true }, { email_verified: false }],
      ['the address here, the word there', { email_verified: undefined }, { email_verified: true }],
      ['an address here without a word, another there with one', { email: 'victim@corp.example', email_verified: undefined }, { email_verified: true }],
    ];
    for (const [at, [name, claims, userinfo]] of split.entries()) {
      await t.test(`two documents that share the proof of an address prove nothing: ${name}`, async () => {
        both.person = somebody(`s${at}`, { claims, userinfo });
        const way = await by(both);
        assert.deepEqual([way.answer.code, wordOf(way)], [undefined, 'email_unverified'], shown(way.page));
      });
    }
    await t.test('one that says both is believed, whichever it is', async () => {
      both.person = somebody('s8', { claims: { email: undefined, email_verified: undefined, groups: undefined } });
      const { id } = await signInBy(clinic, { connection: 'both', app: { tenant: 'northside' } });
      assert.deepEqual(rolesAt(id), { main: ['provider'] });
      assert.equal(accounts(clinic).find((one) => one.id === id.sub).email, 'ps8@corp.example');
    });

    // Nothing is folded and nothing is searched inside of a value.
    const groups = [['No Doctors'], ['doctors'], ['Doctors '], 'Doctors,Reception', { Doctors: true }, [['Doctors']], null, 7, [], ['Doctor', 's']];
    await t.test('groups that only look like the ones of the rules map to nothing', async () => {
      for (const [at, value] of groups.entries()) {
        op.person = somebody(`g${at}`, { groups: value });
        const way = await by(op);
        assert.deepEqual([way.answer.code, wordOf(way)], [undefined, 'unmapped'], JSON.stringify(value));
      }
    });

    await t.test('claims with our names change nothing: account, tenant, role, class, acr and amr are ours', async () => {
      op.person = somebody('r', { claims: { tenant: 'riverside', roles: ['owner'], role: 'owner', class: 'administrator', acr: 'urn:lanyard:acr:mfa', amr: ['mfa', 'hwk'], sid: 'x', account: 'u_x', clinic: { locations: [{ id: 'west', roles: ['owner'] }] }, client_id: 'story', scope: 'admin' } });
      const { id } = await signInBy(clinic, { connection: 'plain', app: { tenant: 'northside' } });
      assert.deepEqual([id.tenant, rolesAt(id), id.acr, id.amr ?? []], ['northside', { main: ['provider'] }, 'urn:lanyard:acr:1fa', []]);
      assert.notEqual(id.sid, 'x');
      assert.equal(accounts(clinic).find((one) => one.id === id.sub).class, 'staff');
    });

    await t.test('a new key is fetched once and believed', async () => {
      assert.ok((await signInBy(clinic, { connection: 'rotating', app: { tenant: 'northside' } })).id.sub);
      const fetched = rotating.count('jwks');
      const next = ecKey();
      Object.assign(rotating, { key: next, kid: 'next', jwk: publicJwk(next, { kid: 'next', use: 'sig', alg: 'ES256' }) });
      assert.ok((await signInBy(clinic, { connection: 'rotating', app: { tenant: 'northside' } })).id.sub);
      assert.equal(rotating.count('jwks'), fetched + 1);
    });

    await t.test('any number of unknown kids makes one fetch more', async () => {
      assert.ok((await signInBy(clinic, { connection: 'flooding', app: { tenant: 'northside' } })).id.sub);
      const fetched = flooding.count('jwks');
      let n = 0;
      flooding.lie = { sign: (h, c) => signed({ ...h, kid: `random-${n++}` }, c, ecKey()) };
      const ways = await Promise.all(Array.from({ length: short ? 8 : 24 }, () => by(flooding)));
      assert.ok(ways.every((way) => way.answer.code === undefined));
      assert.ok(flooding.count('jwks') - fetched <= 1, `${flooding.count('jwks') - fetched} fetches`);
      flooding.lie = {};
      assert.ok((await signInBy(clinic, { connection: 'flooding', app: { tenant: 'northside' } })).id.sub, 'the right key is still there');
    });

    await t.test('reserved names cannot be mapped to, and are refused by name', () => {
      for (const name of ['sub', 'iss', 'aud', 'tenant', 'roles', 'role', 'acr', 'amr', 'sid', 'class']) {
        const applied = clinic.apply({ practices: [{ id: 'northside', connections: [liarConnection(op, { claims: { [name]: 'anything' } })] }] });
        assert.notEqual(applied.code, 0, name);
        assert.match(applied.err + applied.out, new RegExp(`\\b${name}\\b`));
      }
    });
  });
}
