// tsan-load.mjs: many connections over the token endpoint, documents, pages, sign-ins and SAML sign-ons, then a clean stop.
// A report of ThreadSanitizer in the server's log fails, and is printed.
import { Agent } from './agent.mjs';
import { appDocument, people, startClinic, stores } from './clinic.mjs';
import { appOf, provider, ssoUrl } from './saml-message.mjs';

const seconds = Number(process.env.TSAN_SECONDS ?? 8);
let bad = 0;

// The reports in a log, each from its frame line to the next.
const reports = (log) => log.match(/^=+\n(?:WARNING|FATAL): ThreadSanitizer[^]*?(?=^=+$|$(?![^]))/gm) ?? [];

for (const store of stores) {
  const clinic = await startClinic({ store });
  clinic.apply(appDocument());
  const services = ['one', 'two', 'three'].map((name) => provider(name));
  clinic.apply({ apps: services.map((sp) => appOf(sp)) });
  const end = Date.now() + seconds * 1000;
  const basic = `Basic ${Buffer.from('story:story-secret-story-secret-story-secret').toString('base64')}`;
  const statuses = new Map();
  const seen = (status) => statuses.set(status, (statuses.get(status) ?? 0) + 1);
  const machine = async () => {
    while (Date.now() < end) {
      const answer = await fetch(`${clinic.issuer}/oauth2/token`, {
        method: 'POST', headers: { authorization: basic, 'content-type': 'application/x-www-form-urlencoded' },
        body: 'grant_type=client_credentials&scope=clinic&tenant=northside',
      });
      seen(answer.status);
      await answer.text();
    }
  };
  const reader = async (path) => {
    while (Date.now() < end) {
      const answer = await fetch(clinic.issuer + path);
      seen(answer.status);
      await answer.text();
    }
  };
  const person = async () => {
    while (Date.now() < end) {
      const agent = new Agent();
      const page = await agent.signIn(`${clinic.issuer}/login`, people.ada);
      seen(page.status);
      await agent.send(`${clinic.issuer}/`);
    }
  };
  // A live session signs on at every service in turn, while the signing key changes.
  const colleague = async () => {
    const agent = new Agent();
    await agent.signIn(ssoUrl(clinic, services[0]), people.ada);
    for (let n = 0; Date.now() < end; n++) {
      const answer = await agent.send(ssoUrl(clinic, services[n % services.length]));
      seen(answer.status);
      if (!/SAMLResponse/.test(answer.text)) seen(500);
    }
  };
  const administrator = async () => {
    let on = false, rotated = 0;
    while (Date.now() < end) {
      on = !on;
      clinic.command('user', 'set', 'ada@northside.example', '--practice', 'northside', '--family-name', on ? 'Okafor' : 'Okafor-Reyes');
      // Not found before the first sign-on has made the key.
      rotated += clinic.command('keys', 'rotate', '--alg', 'SAML').code === 0 ? 1 : 0;
      await new Promise((done) => setTimeout(done, 400));
    }
    if (rotated === 0) { bad++; console.error(`${store}: the SAML key never rotated`); }
  };
  await Promise.all([...Array.from({ length: 12 }, machine), reader('/.well-known/openid-configuration'), reader('/oauth2/jwks'), person(), person(), colleague(), colleague(), colleague(), administrator()]);
  const how = await clinic.kill(0, 'SIGTERM');
  const found = reports(clinic.log());
  for (const report of found.slice(0, 10)) console.error(report);
  if (how.code !== 0 || found.length) {
    bad++;
    console.error(`${store}: ended with ${JSON.stringify(how)}, ${found.length} reports\n${clinic.log().slice(-2000)}`);
  }
  await clinic.stop();
  console.log(store, Object.fromEntries(statuses));
  if ([...statuses.keys()].some((status) => status >= 500 && status !== 503) || !statuses.get(200)) bad++;
}
process.exit(bad ? 1 : 0);
