// saml-apps.mjs: two small clinic apps for a browser, as their makers would write them: one on @node-saml/node-saml (logout by
// redirect), one on samlify (encrypted assertions, logout by forms). Each has a page that says who is there.
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { SAML } from '@node-saml/node-saml';
import { Constants, IdentityProvider, ServiceProvider, setSchemaValidator } from 'samlify';
import { appOf, escape, formats, idpCertificate, parse, provider, registerApps } from './saml-message.mjs';
import { metadataOf, rolesAtOf } from './saml.mjs';

setSchemaValidator({ validate: async (xml) => (parse(xml) ? 'well formed' : Promise.reject(new Error('not XML'))) });

const nameOf = 'urn:oid:2.16.840.1.113730.3.1.241';
const html = (title, body) => `<!doctype html><html lang="en"><title>${title}</title><link rel="icon" href="data:,">${body}</html>`;
const autoPost = (action, fields) => html('Please wait', `<form method="post" action="${escape(action)}">${Object.entries(fields).map(([name, value]) => `<input type="hidden" name="${name}" value="${escape(value)}">`).join('')}</form><script>document.forms[0].submit()</script>`);

// What both have: sessions behind a cookie, a page, and the addresses. library: how this one speaks.
async function startApp(name, make) {
  const sessions = new Map();
  const server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const app = { name, base: `http://localhost:${server.address().port}`, sessions, faults: [], stop: () => { server.closeAllConnections(); server.close(); } };
  const library = await make(app);
  const cookie = `app_${name}`;
  const idOf = (ask) => new RegExp(`${cookie}=([0-9a-f]+)`).exec(ask.headers.cookie ?? '')?.[1];
  const go = (answer, where, headers = {}) => answer.writeHead(303, { location: where, ...headers }).end();
  const say = (answer, text, status = 200) => answer.writeHead(status, { 'content-type': 'text/html; charset=utf-8' }).end(text);
  const reply = (answer, { to, fields }) => (fields ? say(answer, autoPost(to, fields)) : go(answer, to));

  async function slo(answer, given) {
    if (given.fields.SAMLResponse) {
      await library.confirmed(given);
      return go(answer, '/');
    }
    const asked = await library.toldToEnd(given);
    for (const [id, session] of sessions) if (session.index === asked.index && session.nameId === asked.nameId) sessions.delete(id);
    return reply(answer, asked.reply);
  }

  async function handle(ask, answer, url, body) {
    const id = idOf(ask);
    const session = sessions.get(id);
    const given = { fields: Object.fromEntries(ask.method === 'POST' ? new URLSearchParams(body) : url.searchParams), query: url.search.slice(1) };
    if (url.pathname === '/') {
      return say(answer, html(name, session ? `<h1 id="who">${escape(session.name)}</h1><p id="roles">${session.roles.map(escape).join(' ')}</p><a id="sign-out" href="/logout">Sign out</a>` : '<a id="sign-in" href="/login">Sign in</a>'));
    }
    if (url.pathname === '/login') return reply(answer, await library.ask());
    if (url.pathname === '/acs') {
      const fresh = randomBytes(16).toString('hex');
      sessions.set(fresh, await library.believe(given.fields));
      return go(answer, '/', { 'set-cookie': `${cookie}=${fresh}; HttpOnly; Path=/; SameSite=Lax` });
    }
    if (url.pathname === '/logout') {
      sessions.delete(id);
      return session ? reply(answer, await library.end(session)) : go(answer, '/');
    }
    return url.pathname === '/slo' ? slo(answer, given) : say(answer, 'nothing here', 404);
  }

  server.on('request', (ask, answer) => {
    let body = '';
    ask.on('data', (data) => { body += data; });
    ask.on('end', () => handle(ask, answer, new URL(ask.url, app.base), body).catch((fault) => {
      app.faults.push(`${ask.method} ${ask.url.slice(0, 80)}: ${fault.stack}`);
      answer.writeHead(500).end();
    }));
  });
  return app;
}

export function startNodeSamlApp(clinic, overrides = {}) {
  return startApp('charts', async ({ base }) => {
    const sp = provider('charts', { base, acs: [['post', `${base}/acs`]], slo: [['redirect', `${base}/slo`]] });
    registerApps(clinic, appOf(sp, { require_signed_requests: true, ...overrides }));
    const library = new SAML({
      issuer: sp.entity, callbackUrl: sp.acs, logoutCallbackUrl: sp.slo, entryPoint: `${clinic.issuer}/saml/sso`, logoutUrl: `${clinic.issuer}/saml/slo`, idpIssuer: `${clinic.issuer}/saml/metadata`,
      idpCert: await idpCertificate(clinic), privateKey: sp.key, publicCert: sp.certificate, signatureAlgorithm: 'sha256', digestAlgorithm: 'sha256', audience: sp.entity, validateInResponseTo: 'always',
      wantAssertionsSigned: true, wantAuthnResponseSigned: false, identifierFormat: formats.persistent, disableRequestedAuthnContext: true, acceptedClockSkewMs: 5000,
    });
    return {
      ask: async () => ({ to: await library.getAuthorizeUrlAsync('', undefined, {}) }),
      believe: async (fields) => {
        const { profile } = await library.validatePostResponseAsync(fields);
        return { name: profile[nameOf], roles: [profile[rolesAtOf]].flat(), nameId: profile.nameID, index: profile.sessionIndex, profile };
      },
      end: async ({ profile }) => ({ to: await library.getLogoutUrlAsync(profile, '', {}) }),
      confirmed: ({ fields, query }) => library.validateRedirectAsync(fields, query),
      toldToEnd: async ({ fields, query }) => {
        const { profile } = await library.validateRedirectAsync(fields, query);
        return { nameId: profile.nameID, index: profile.sessionIndex, reply: { to: await library.getLogoutResponseUrlAsync(profile, '', {}, true) } };
      },
    };
  });
}

export function startSamlifyApp(clinic, overrides = {}) {
  return startApp('labs', async ({ base }) => {
    const { key, certificate, entity } = provider('labs', { base });
    const post = Constants.namespace.binding.post;
    const sp = ServiceProvider({
      entityID: entity, wantAssertionsSigned: true, wantLogoutRequestSigned: true, wantLogoutResponseSigned: true, privateKey: key, encPrivateKey: key, signingCert: certificate, encryptCert: certificate,
      requestSignatureAlgorithm: Constants.algorithms.signature.RSA_SHA256, nameIDFormat: [formats.persistent],
      assertionConsumerService: [{ Binding: post, Location: `${base}/acs`, isDefault: true }], singleLogoutService: [{ Binding: post, Location: `${base}/slo` }],
    });
    registerApps(clinic, appOf({ name: 'labs', entity, metadata: sp.getMetadata() }, { encrypt: 'always', ...overrides }));
    const idp = IdentityProvider({ metadata: await metadataOf(clinic), isAssertionEncrypted: true, wantLogoutRequestSigned: true, wantLogoutResponseSigned: true });
    const leave = (message, field) => ({ to: message.entityEndpoint, fields: { [field]: message.context } });
    return {
      ask: async () => ({ to: sp.createLoginRequest(idp, 'redirect').context }),
      believe: async (fields) => {
        const { extract } = await sp.parseLoginResponse(idp, 'post', { body: fields });
        return { name: extract.attributes[nameOf], roles: [extract.attributes[rolesAtOf]].flat(), nameId: extract.nameID, index: extract.sessionIndex.sessionIndex };
      },
      end: async ({ nameId, index }) => leave(sp.createLogoutRequest(idp, 'post', { logoutNameID: nameId, sessionIndex: index }), 'SAMLRequest'),
      confirmed: ({ fields }) => sp.parseLogoutResponse(idp, 'post', { body: fields }),
      toldToEnd: async ({ fields }) => {
        const { extract } = await sp.parseLogoutRequest(idp, 'post', { body: fields });
        return { nameId: extract.nameID, index: extract.sessionIndex, reply: leave(sp.createLogoutResponse(idp, { extract }, 'post'), 'SAMLResponse') };
      },
    };
  });
}
