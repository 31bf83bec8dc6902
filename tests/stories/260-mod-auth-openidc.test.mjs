// Apache protects pages by role and location with mod_auth_openidc's Require claim.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Agent } from '../kit/agent.mjs';
import { startApache } from '../kit/apache.mjs';
import { appDocument, people, startClinic, stores } from '../kit/clinic.mjs';

const secret = 'story-secret-story-secret-story-secret';

async function visit(agent, url, who) {
  let page = await agent.send(url);
  for (let hops = 0; hops < 20; hops++) {
    if (page.location) page = await agent.send(page.location);
    else if (/id="login-form"/.test(page.text)) page = await agent.submit(page, who, /<form[^>]*id="login-form"[^>]*>/);
    else return page;
  }
  throw new Error(`no end from ${url}`);
}

for (const store of stores) {
  test(`mod_auth_openidc lets a location's manager in and turns a provider away (${store})`, async (t) => {
    const clinic = await startClinic({ store });
    const apache = await startApache(clinic, (base) => `
OIDCProviderMetadataURL ${clinic.issuer}/.well-known/openid-configuration
OIDCClientID story
OIDCClientSecret ${secret}
OIDCRedirectURI ${base}/redirect_uri
OIDCCryptoPassphrase a-passphrase-for-this-story-alone
OIDCScope "openid email clinic groups"
OIDCPKCEMethod S256
OIDCRemoteUserClaim sub
OIDCCookieSameSite On
<Location />
  AuthType openid-connect
  Require valid-user
</Location>
<Location /main>
  <RequireAll>
    Require claim groups:main:provider
    Require claim tenant:northside
  </RequireAll>
</Location>
<Location /west>
  Require claim groups:west:manager
</Location>
<Location /billing>
  Require claim roles:billing
</Location>`);
    t.after(async () => { await apache.stop(); await clinic.stop(); });
    const applied = clinic.apply(appDocument({ redirect_uris: [`${apache.base}/redirect_uri`] }));
    assert.equal(applied.code, 0, applied.err);

    const ada = new Agent();
    for (const [path, status] of [['/main/', 200], ['/west/', 200], ['/billing/', 401]]) {
      const page = await visit(ada, apache.base + path, people.ada);
      assert.equal(page.status === 403 ? 401 : page.status, status, `${path}: ${page.status} ${page.text}\n${apache.log().slice(-3000)}`);
    }
    const bilal = new Agent();
    assert.equal((await visit(bilal, `${apache.base}/billing/`, { ...people.ada, username: 'bilal@northside.example' })).status, 200);
    const refused = await visit(bilal, `${apache.base}/west/`, people.ada);
    assert.ok([401, 403].includes(refused.status), `${refused.status}`);
    const henry = new Agent();
    const foreign = await visit(henry, `${apache.base}/main/`, { ...people.ada, username: 'henry@riverside.example' });
    assert.ok([401, 403].includes(foreign.status), "another practice's provider is turned away");
  });
}
