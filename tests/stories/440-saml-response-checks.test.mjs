// Everything that a SAML identity provider, or who claims to be one, can get wrong: each answer has one thing wrong and is refused
// with its own word in the audit; between them the right answer is accepted (security.md H1 to H11, H15, B11, B13).
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Agent, errorCode } from '../kit/agent.mjs';
import { startClinic, stores } from '../kit/clinic.mjs';
import { app, events, register, short } from '../kit/hostile.mjs';
import { freshId } from '../kit/saml-message.mjs';
import { soundAnswers, wrongAnswers } from '../kit/upstream-saml-cases.mjs';
import { answerXml, arrive, begin, connectionOf, declare, ourSide, personOf, redeem, signInBy, startProvider } from '../kit/upstream-saml.mjs';

const victim = personOf('victim');

async function setUp(t, store) {
  const clinic = await startClinic({ store, env: { LANYARD_LIMITS_SIGN_INS_PER_ADDRESS: '100000000' } });
  const [idp, other] = [await startProvider('northidp'), await startProvider('otheridp')];
  t.after(async () => { idp.stop(); other.stop(); await clinic.stop(); });
  register(clinic, app('story'));
  await declare(clinic, [connectionOf(idp, 'north'), connectionOf(other, 'other'), connectionOf(idp, 'open', { allow_idp_initiated: true, entity_id: idp.entity }), connectionOf(idp, 'old', { allow_legacy_encryption: true })]);
  const [certificate] = (await ourSide(clinic, 'north')).encryption;
  return { clinic, idp, other, certificate, person: personOf('nora') };
}

const issued = (clinic) => events(clinic).filter((event) => ['session.start', 'token.issue', 'upstream.login.ok', 'account.create'].includes(event.type)).length;

// One wrong answer in a sign-in of its own.
async function tryIt(kit, { make }) {
  const [flow, foreign] = [await begin(kit.clinic, 'north'), await begin(kit.clinic, 'north')];
  const made = make({ ...kit, victim, asked: flow.asked, foreign: foreign.asked });
  const { xml, relay = flow.asked.relay, acs = flow.asked.acs } = typeof made === 'string' ? { xml: made } : made;
  return arrive(flow.agent, acs, xml, relay).catch((fault) => ({ status: 413, text: fault.message, location: null, closed: true }));
}

function assertRefused(clinic, page, before, word) {
  assert.ok(page.status >= 400, `${page.status} ${page.location ?? page.text.slice(0, 300)}`);
  assert.equal(page.location, null);
  const fresh = events(clinic).slice(before);
  assert.deepEqual(fresh.filter((event) => event.outcome === 'ok').map((event) => event.type), []);
  if (page.status === 413) return assert.deepEqual(fresh, []);
  assert.ok(errorCode(page.text), page.text);
  if (word === null) return assert.deepEqual(fresh, []);
  assert.doesNotMatch(page.text, /xmlsec|libxml|lasso|\.c:\d+|\/etc\/|root:/i);
  assert.deepEqual(fresh.map((event) => [event.type, event.outcome]), [['upstream.deny', 'deny']]);
  assert.match(fresh[0].body.reason, word instanceof RegExp ? word : new RegExp(`^${word ?? '[a-z][a-z0-9_]+'}$`));
  return assert.ok(['north', 'other'].includes(fresh[0].target.replace(/^.*[:/]/, '')), fresh[0].target);
}

const isIn = ({ claims, email, page }) => assert.equal(claims?.email, email, `${page.status} ${page.location} ${page.text.slice(0, 1000)}`);

async function sound(kit, make = (c) => answerXml(c.idp, c.asked, c.person), connection = 'north') {
  const flow = await begin(kit.clinic, connection);
  const page = await arrive(flow.agent, flow.asked.acs, make({ ...kit, asked: flow.asked }), flow.asked.relay);
  isIn({ page, email: kit.person.attributes.mail, ...await redeem(kit.clinic, flow, page) });
}

for (const store of stores) {
  test(`the checks of a response (${store})`, async (t) => {
    const kit = await setUp(t, store);
    const { clinic, idp, person } = kit;

    for (const { what, make } of soundAnswers) await t.test(`accepted: ${what}`, () => sound(kit, make));

    const groups = Map.groupBy(wrongAnswers, (row) => row.group);
    for (const [name, rows] of groups) {
      await t.test(name, async (one) => {
        const before = issued(clinic);
        for (const row of rows) {
          await one.test(row.what, async () => {
            const count = events(clinic).length;
            assertRefused(clinic, await tryIt(kit, row), count, row.word);
          });
        }
        assert.equal(issued(clinic), before);
        await one.test('and the right answer is accepted', () => sound(kit));
      });
    }

    await t.test('an answer counts once', async (one) => {
      await one.test('brought again in the same browser', async () => {
        const flow = await begin(clinic, 'north');
        const xml = answerXml(idp, flow.asked, person);
        const page = await arrive(flow.agent, flow.asked.acs, xml, flow.asked.relay);
        isIn({ page, email: person.attributes.mail, ...await redeem(clinic, flow, page) });
        const count = events(clinic).length;
        assertRefused(clinic, await arrive(flow.agent, flow.asked.acs, xml, flow.asked.relay), count, null);
      });
      await one.test('its assertion in the answer of a sign-in to come', async () => {
        const id = freshId();
        isIn({ email: person.attributes.mail, ...await signInBy(clinic, idp, 'north', person, { assertion: { id } }) });
        const count = events(clinic).length;
        const again = await signInBy(clinic, idp, 'north', person, { assertion: { id } });
        assertRefused(clinic, again.page, count, 'assertion_replayed');
      });
      await one.test('64 times at once', async () => {
        const many = short ? 16 : 64;
        const flow = await begin(clinic, 'north');
        const xml = answerXml(idp, flow.asked, person);
        const before = events(clinic).filter((event) => event.type === 'upstream.login.ok').length;
        const pages = await Promise.all(Array.from({ length: many }, () => arrive(flow.agent, flow.asked.acs, xml, flow.asked.relay)));
        assert.equal(pages.filter((page) => page.location?.includes('code=')).length, 1, pages.map((page) => page.status).join(' '));
        assert.equal(events(clinic).filter((event) => event.type === 'upstream.login.ok').length, before + 1);
      });
    });

    await t.test('answers that nobody asked for', async (one) => {
      const guest = personOf('oona');
      const unasked = async (connection, agent = new Agent()) => {
        const side = await ourSide(clinic, connection);
        const asked = { id: null, acs: side.acs[0].at, issuer: side.entity };
        return arrive(agent, asked.acs, answerXml(idp, asked, guest));
      };
      await one.test('are refused', async () => {
        const count = events(clinic).length;
        assertRefused(clinic, await unasked('north'), count, /state|unsolicited/);
      });
      await one.test('are accepted by a connection that allows them, and end at home', async () => {
        const agent = new Agent();
        const page = await unasked('open', agent);
        assert.ok(page.status < 400, page.text);
        assert.ok(agent.jar(clinic.issuer).size > 0);
        assert.equal(events(clinic).at(-1).outcome, 'ok');
      });
      await one.test('not as the answer to something', async () => {
        const count = events(clinic).length;
        const flow = await begin(clinic, 'open');
        const xml = answerXml(idp, flow.asked, guest);
        const page = await arrive(new Agent(), flow.asked.acs, xml);
        assert.ok(page.status >= 400, page.text);
        assert.deepEqual(events(clinic).slice(count).filter((event) => event.type === 'session.start'), []);
      });
      await one.test('and count once, in however many browsers at once', async () => {
        const side = await ourSide(clinic, 'open');
        const xml = answerXml(idp, { id: null, acs: side.acs[0].at, issuer: side.entity }, guest);
        const before = events(clinic).filter((event) => event.type === 'upstream.login.ok').length;
        const pages = await Promise.all(Array.from({ length: short ? 16 : 64 }, () => arrive(new Agent(), side.acs[0].at, xml)));
        assert.equal(pages.filter((page) => page.status < 400).length, 1, pages.map((page) => page.status).join(' '));
        assert.equal(events(clinic).filter((event) => event.type === 'upstream.login.ok').length, before + 1);
      });
    });

    await t.test('old encryption is read where the connection records it, and must be signed there too', async () => {
      const [certificate] = (await ourSide(clinic, 'old')).encryption;
      const with_ = (sign, how) => (c) => answerXml(c.idp, c.asked, c.person, { sign, encrypt: { certificate, ...how } });
      const oldPerson = { ...kit, person: personOf('otto') };
      await sound(oldPerson, with_('assertion', { content: 'aes128-cbc' }), 'old');
      const flow = await begin(clinic, 'old');
      const count = events(clinic).length;
      const page = await arrive(flow.agent, flow.asked.acs, with_('none', { content: 'aes128-cbc' })({ ...oldPerson, asked: flow.asked }), flow.asked.relay);
      assert.ok(page.status >= 400);
      assert.match(events(clinic).slice(count)[0].body.reason, /^assertion_unsigned$/);
    });
  });
}
