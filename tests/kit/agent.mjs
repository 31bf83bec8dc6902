// agent.mjs: a browser without a screen: cookies, forms, redirects, as HTTP. For stories that need hundreds of sign-ins.
import http from 'node:http';
import { catchUp } from './clinic.mjs';

const pool = new http.Agent({ keepAlive: true, maxSockets: 256 });

// What a browser sends when a person follows a link; the global fetch says it is a script.
const navigation = { accept: 'text/html,application/xhtml+xml', 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document' };

function exchange(url, method, headers, body) {
  return new Promise((done, fail) => {
    const length = body === undefined ? {} : { 'content-length': Buffer.byteLength(body) };
    const ask = http.request(url, { method, agent: pool, headers: { ...navigation, ...headers, ...length } }, (answer) => {
      const parts = [];
      answer.on('data', (data) => parts.push(data));
      answer.on('end', () => done({ status: answer.statusCode, raw: answer.headers, text: Buffer.concat(parts).toString('utf8') }));
      answer.on('error', fail);
    });
    ask.on('error', fail);
    ask.end(body);
  });
}

export class Agent {
  constructor() { this.jars = new Map(); }

  jar(url) {
    const key = new URL(url).host;
    if (!this.jars.has(key)) this.jars.set(key, new Map());
    return this.jars.get(key);
  }

  async send(url, { method = 'GET', form, headers = {}, body } = {}) {
    const jar = this.jar(url);
    const sent = { ...headers };
    if (jar.size) sent.cookie = [...jar].map(([name, value]) => `${name}=${value}`).join('; ');
    if (form) {
      sent['content-type'] = 'application/x-www-form-urlencoded';
      body = form instanceof URLSearchParams ? form.toString() : new URLSearchParams(form).toString();
    }
    await catchUp();
    const answer = await exchange(url, method, sent, body);
    for (const line of answer.raw['set-cookie'] ?? []) {
      const [pair] = line.split(';');
      const at = pair.indexOf('=');
      const name = pair.slice(0, at);
      const value = pair.slice(at + 1);
      if (value === '' || /max-age=0(;|$)/i.test(line)) jar.delete(name); else jar.set(name, value);
    }
    const text = answer.text;
    const received = new Headers();
    for (const [name, value] of Object.entries(answer.raw)) for (const one of [value].flat()) received.append(name, one);
    const location = received.get('location');
    return { status: answer.status, headers: received, text, url, location: location ? new URL(location, url).href : null };
  }

  // Follows redirects while they stay at the given origin; the answer that leaves it is returned as it is.
  async follow(url, origin = new URL(url).origin, options) {
    let answer = await this.send(url, options);
    for (let hops = 0; hops < 15; hops++) {
      if (!answer.location || new URL(answer.location).origin !== origin) return answer;
      answer = await this.send(answer.location);
    }
    throw new Error(`too many redirects from ${url}`);
  }

  // Posts the page's form with the values given; hidden fields come along.
  async submit(page, values, selector = /<form[^>]*>/) {
    const form = formOf(page.text, selector);
    return this.follow(new URL(form.action || page.url, page.url).href, new URL(page.url).origin, { method: 'POST', form: { ...form.fields, ...values } });
  }

  // From an authorization address to the app's redirect: signs in when a page asks.
  async signIn(url, { username, password, practice, location } = {}) {
    let page = await this.follow(url);
    for (let steps = 0; steps < 8 && !page.location; steps++) {
      if (/id="login-form"/.test(page.text)) page = await this.submit(page, { username, password }, /<form[^>]*id="login-form"[^>]*>/);
      else if (/name="practice"/.test(page.text)) page = await this.submit(page, { practice });
      else if (/name="location"/.test(page.text)) page = await this.submit(page, { location });
      else if (/id="consent-allow"/.test(page.text)) page = await this.submit(page, { decision: 'allow' });
      else break;
      const error = /id="error-code"[^>]*>([^<]+)</.exec(page.text);
      if (error) return page;
    }
    return page;
  }
}

const decode = (text) => text.replace(/&quot;/g, '"').replace(/&#39;/g, "'").replace(/&lt;/g, '<').replace(/&gt;/g, '>').replace(/&amp;/g, '&');
const attribute = (tag, name) => {
  const found = new RegExp(`\\s${name}="([^"]*)"`).exec(tag);
  return found ? decode(found[1]) : undefined;
};

export function formOf(html, selector = /<form[^>]*>/) {
  const start = selector.exec(html);
  if (!start) throw new Error(`no form here: ${html.slice(0, 600)}`);
  const end = html.indexOf('</form>', start.index);
  const inside = html.slice(start.index, end);
  const fields = {};
  for (const [tag] of inside.matchAll(/<input[^>]*>/g)) if (attribute(tag, 'type') === 'hidden') fields[attribute(tag, 'name')] = attribute(tag, 'value') ?? '';
  return { action: attribute(start[0], 'action'), fields };
}

export const errorCode = (text) => /id="error-code"[^>]*>([^<]+)</.exec(text)?.[1];
