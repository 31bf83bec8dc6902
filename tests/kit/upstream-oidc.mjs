// upstream-oidc.mjs: other people's identity providers beside a clinic: the real oidc-provider, dressed as Okta, as Entra
// (tid, oid, groups as ids, overage), as Google Workspace (hd, no groups), or as itself. Whoever is `who` signs in there
// without a page.
import { randomUUID } from 'node:crypto';
import { createServer } from 'node:http';
import { Provider, interactionPolicy } from 'oidc-provider';
import { freePort } from './clinic.mjs';
import { rsaKey } from './forge.mjs';

export const tid = '7f2c1a55-90b4-4cf1-8a53-6a5f1d1b2c3d';
export const hd = 'northside.example';
export const mfaClass = 'urn:example:mfa';
export const secretOf = (client) => `${client}-upstream-secret-`.padEnd(44, '5');

// What each kind of provider says of a person beside the standard claims. person: as startProvider is given them.
const dresses = {
  plain: { claims: ({ groups }) => ({ groups }) },
  okta: { claims: ({ groups, email }) => ({ groups, preferred_username: email, ver: 1, idp: '00o1' }) },
  entra: {
    path: `/${tid}/v2.0`,
    claims: ({ sub, groups = [], roles, tid: other, oid }) => ({
      tid: other === undefined ? tid : other, oid: oid === undefined ? `oid-${sub}` : oid, ver: '2.0', roles,
      // Beyond 200 groups a JWT carries an address of them instead.
      ...(groups.length > 200
        ? { _claim_names: { groups: 'src1' }, _claim_sources: { src1: { endpoint: 'https://graph.windows.net/users/x/getMemberObjects' } } }
        : { groups }),
    }),
    verified: false,
  },
  google: { claims: ({ hd: other }) => ({ hd: other === undefined ? hd : other ?? undefined }) },
};
const beside = ['groups', 'preferred_username', 'ver', 'idp', 'tid', 'oid', 'roles', '_claim_names', '_claim_sources', 'hd', 'birthdate', 'department'];

// person: { sub, email, email_verified (true), given_name, family_name, groups, acr, amr, tid, oid, hd, claims (said as they are) }.
function said(dress, person) {
  const { sub, email, given_name, family_name } = person;
  const verified = dress.verified === false ? {} : { email_verified: person.email_verified ?? true };
  const all = { sub, email, given_name, family_name, name: given_name && `${given_name} ${family_name}`, ...verified, ...dress.claims(person), ...person.claims };
  return Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined && value !== null));
}

// Asks for a sign-in when a class is wanted that the session there does not have.
function policyOf() {
  const { base, Check } = interactionPolicy;
  const policy = base();
  policy.get('login').checks.add(new Check('acr_wanted', 'a stronger sign-in is asked for', ({ oidc }) => {
    const wanted = (oidc.params.acr_values ?? '').split(' ').filter(Boolean);
    return wanted.length === 0 || wanted.includes(oidc.acr) || oidc.result?.login ? Check.NO_NEED_TO_PROMPT : Check.REQUEST_PROMPT;
  }));
  return policy;
}

const clientOf = (clinic, id, { method = 'client_secret_basic', backchannel = true, refreshes = false, ...more } = {}) => ({
  client_id: more.client_id ?? id, grant_types: refreshes ? ['authorization_code', 'refresh_token'] : ['authorization_code'], response_types: ['code'], token_endpoint_auth_method: method,
  redirect_uris: [`${clinic.issuer}/federation/${id}/callback`], post_logout_redirect_uris: more.post_logout_redirect_uris ?? [`${clinic.issuer}/logged-out`],
  ...(method === 'private_key_jwt' ? { jwks_uri: `${clinic.issuer}/federation/${id}/jwks`, token_endpoint_auth_signing_alg: 'ES256' } : { client_secret: secretOf(more.client_id ?? id) }),
  ...(backchannel ? { backchannel_logout_uri: `${clinic.issuer}/federation/${id}/backchannel-logout`, backchannel_logout_session_required: true } : {}),
});

const quiet = (run) => {
  const { warn, info } = console;
  Object.assign(console, { warn: () => {}, info: () => {} });
  try { return run(); } finally { Object.assign(console, { warn, info }); }
};

// people: by any name; connections: rows of [connection id, how its client authenticates; refreshes: it may refresh]. provider.who: the name of the
// person that signs in next. provider.asked: every request that reached it.
export async function startProvider(clinic, { dress: name = 'plain', people, connections, who = Object.keys(people)[0] }) {
  const dress = dresses[name];
  const port = await freePort();
  const base = `http://localhost:${port}`;
  const issuer = base + (dress.path ?? '');
  const bySub = (sub) => Object.values(provider.people).find((person) => person.sub === sub);
  const provider = { issuer, base, name, people, who, asked: [], errors: [], backchannel: [], refreshes: [], deny: null, mfa: false };

  const oidc = quiet(() => new Provider(issuer, {
    clients: connections.map(([id, options]) => clientOf(clinic, id, options)),
    cookies: { keys: [randomUUID()] },
    jwks: { keys: [{ ...rsaKey().privateKey.export({ format: 'jwk' }), kid: randomUUID(), use: 'sig', alg: 'RS256' }] },
    claims: { openid: ['sub', 'acr', 'amr', 'auth_time', ...beside], email: ['email', 'email_verified'], profile: ['name', 'given_name', 'family_name'], groups: ['groups'] },
    scopes: ['openid', 'offline_access'],
    acrValues: [mfaClass],
    conformIdTokenClaims: false,
    features: {
      devInteractions: { enabled: false }, backchannelLogout: { enabled: true },
      rpInitiatedLogout: { enabled: true, logoutSource: (ctx, form) => { ctx.body = `<!doctype html><title>Sign out</title>${form.replace('</form>', '<input type="hidden" name="logout" value="yes"/></form>')}`; } },
    },
    // Its own guard refuses loopback, which is where all of this stands.
    fetch: (url, { dispatcher: _guard, ...options }) => fetch(url, options),
    // Each refresh token is good once; who shows one again loses all of its family.
    rotateRefreshToken: true,
    clientAuthMethods: ['client_secret_basic', 'client_secret_post', 'private_key_jwt', 'none'],
    ttl: { Session: 3600, RefreshToken: 3600, Grant: 3600, Interaction: 600, IdToken: 600, AccessToken: 600 },
    interactions: { url: (_ctx, interaction) => `${dress.path ?? ''}/interaction/${interaction.uid}`, policy: policyOf() },
    findAccount: (_ctx, sub) => {
      const person = bySub(sub);
      return person && { accountId: sub, claims: () => said(dress, person) };
    },
    loadExistingGrant: async (ctx) => {
      const grant = new ctx.oidc.provider.Grant({ clientId: ctx.oidc.client.clientId, accountId: ctx.oidc.session.accountId });
      grant.addOIDCScope('openid email profile groups offline_access');
      grant.addOIDCClaims([...beside, 'email', 'email_verified', 'name', 'given_name', 'family_name']);
      await grant.save();
      return grant;
    },
    renderError: (ctx, out) => { provider.errors.push(out); ctx.body = `<!doctype html><title>Error</title><pre id="provider-error">${out.error}: ${out.error_description}</pre>`; },
  }));
  oidc.on('backchannel.success', (_ctx, client) => provider.backchannel.push([client.clientId, 'ok']));
  oidc.on('backchannel.error', (_ctx, fault, client) => provider.backchannel.push([client.clientId, fault.message]));
  const refreshed = (how) => (ctx) => { if (ctx.oidc?.params?.grant_type === 'refresh_token') provider.refreshes.push({ token: ctx.oidc.params.refresh_token, how, gave: ctx.body?.refresh_token }); };
  oidc.on('grant.success', refreshed('ok'));
  oidc.on('grant.error', refreshed('refused'));
  for (const event of ['server_error', 'grant.error', 'authorization.error']) oidc.on(event, (_ctx, fault) => provider.errors.push(`${event}: ${fault.message} ${fault.error_detail ?? ''}`));

  async function interact(ask, answer) {
    if (provider.deny) return oidc.interactionFinished(ask, answer, { error: provider.deny, error_description: 'not assigned' });
    const details = await oidc.interactionDetails(ask, answer);
    if (details.prompt.name === 'consent') return oidc.interactionFinished(ask, answer, { consent: {} }, { mergeWithLastSubmission: false });
    const person = provider.people[provider.who];
    const strong = provider.mfa || (provider.delivers !== false && (details.params.acr_values ?? '') !== '');
    const login = { accountId: person.sub, acr: person.acr ?? (strong ? mfaClass : undefined), amr: person.amr ?? (strong ? ['pwd', 'otp', 'mfa'] : ['pwd']) };
    return oidc.interactionFinished(ask, answer, { login }, { mergeWithLastSubmission: false });
  }

  const callback = oidc.callback();
  const handle = (ask, answer) => {
    const url = new URL(ask.url, base);
    provider.asked.push({ method: ask.method, path: url.pathname, query: Object.fromEntries(url.searchParams) });
    const path = dress.path ?? '';
    if (url.pathname.startsWith(`${path}/interaction/`)) return interact(ask, answer).catch((fault) => { provider.errors.push(fault.stack); answer.writeHead(500).end(); });
    // Under a path it is mounted as a framework would.
    if (path && ask.url.startsWith(path)) { ask.originalUrl = ask.url; ask.url = ask.url.slice(path.length) || '/'; }
    return callback(ask, answer);
  };

  let server;
  provider.start = () => new Promise((done, fail) => {
    server = createServer(handle);
    server.once('error', fail);
    server.listen(port, '127.0.0.1', done);
  });
  provider.stop = () => new Promise((done) => { server.closeAllConnections(); server.close(done); server.closeAllConnections(); });
  // How often an endpoint was asked.
  provider.count = (path) => provider.asked.filter((one) => one.path.endsWith(path)).length;
  provider.lastAsked = (path = '/auth') => provider.asked.findLast((one) => one.path === (dress.path ?? '') + path)?.query;
  await provider.start();
  return provider;
}
