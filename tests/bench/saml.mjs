// saml.mjs: sign-on of SAML apps with a live session, beside the RSA signing rate and beside lasso alone, with one and
// with a thousand registered apps.
import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { deflateRawSync } from 'node:zlib';
import { Agent } from '../kit/agent.mjs';
import { build, people, sleep } from '../kit/clinic.mjs';

const entity = (n) => `https://sp${n}.example/saml`;

const metadata = (n) =>
  `<EntityDescriptor xmlns="urn:oasis:names:tc:SAML:2.0:metadata" entityID="${entity(n)}"><SPSSODescriptor protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0:protocol">` +
  `<AssertionConsumerService index="0" isDefault="true" Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST" Location="https://sp${n}.example/acs"/></SPSSODescriptor></EntityDescriptor>`;

const app = (n) => ({ entity_id: entity(n), name: `Service ${n}`, type: 'saml', practices: ['northside'], metadata: metadata(n) });

function query(n, destination, id = `_${randomBytes(16).toString('hex')}`) {
  const xml = `<samlp:AuthnRequest xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol" xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion" ID="${id}" Version="2.0" ` +
    `IssueInstant="${new Date().toISOString().replace(/\.\d+/, '')}"${destination ? ` Destination="${destination}"` : ''}><saml:Issuer>${entity(n)}</saml:Issuer></samlp:AuthnRequest>`;
  return `SAMLRequest=${encodeURIComponent(deflateRawSync(xml, { level: 1 }).toString('base64'))}`;
}

// Answers a second of lasso used well, on as many threads as there are cores.
function lassoAlone(scratch, cores, seconds) {
  const key = join(scratch, 'lasso.key'), cert = join(scratch, 'lasso.crt');
  spawnSync('openssl', ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-keyout', key, '-out', cert, '-subj', '/CN=idp.example', '-days', '2']);
  const ran = spawnSync(join(build, 'bench/lasso'), [String(cores), String(seconds), key, cert, query('')], { encoding: 'utf8' });
  if (ran.status !== 0) throw new Error(`lasso: ${ran.stderr}`);
  return Number(ran.stdout);
}

// Browsers that are signed in; their cookies then answer for every sign-on, in turn: a session takes one at a time.
async function cookieOf(clinic) {
  const agent = new Agent();
  const first = await agent.signIn(`${clinic.issuer}/saml/sso?${query(1)}`, people.ada);
  if (!/SAMLResponse/.test(first.text)) throw new Error(`no assertion: ${first.status} ${first.text}`);
  return [...agent.jar(clinic.issuer)].map(([name, value]) => `${name}=${value}`).join('; ');
}

export async function saml({ table, clinic, file, wrk, openssl, rss, cores, seconds }) {
  const must = (document) => { const ran = clinic.apply(document); if (ran.code !== 0) throw new Error(ran.err + ran.out); };
  must({ apps: [app('1')] });
  const cookies = await Promise.all(Array.from({ length: 64 }, () => cookieOf(clinic)));
  // Every request is one of its own: an answered one is not answered again.
  const lines = (of, count) => Array.from({ length: count }, (_, i) => `/saml/sso?${query(of(i))}\t${cookies[i % cookies.length]}`);
  const load = (of, count) => wrk(clinic.issuer, { BODIES: file('saml', lines(of, count)), PATHS: '1', ONCE: '1' });
  const count = 3000 * seconds;
  const limit = () => ({ rate: openssl('rsa2048').sign, name: 'RSA-2048 signatures', aim: 0.2 });
  await table.figure('SAML sign-on', () => load(() => 1, count), limit);
  await table.figure('SAML sign-on beside lasso alone', () => load(() => 1, count),
    () => ({ rate: lassoAlone(clinic.scratch, cores, 2), name: "of lasso's answers alone", aim: 0.6 }));
  const one = table.rows.at(-1).rate;
  const before = performance.now();
  must({ apps: Array.from({ length: 1000 }, (_, i) => app(String(i + 2))) });
  const applied = (performance.now() - before) / 1000;
  await sleep(1000);
  await table.figure('SAML sign-on, 1,000 apps registered', () => load(() => 1, count), () => ({ rate: one, name: 'with one app', aim: 0.9 }));
  await table.figure('SAML sign-on, at 1,000 apps by turns', () => load((i) => String(1 + (i % 1000)), count), () => ({ rate: one, name: 'with one app' }));
  const memory = [rss()], signOns = 20000;
  for (let done = 0; done < Number(process.env.BENCH_SIGN_ONS ?? 0); done += signOns) {
    await wrk(clinic.issuer, { BODIES: file('saml', lines(() => 1, signOns)), PATHS: '1', ONCE: '1' }, { duration: 25 });
    memory.push(rss());
  }
  return { applied, memory, signOns };
}
