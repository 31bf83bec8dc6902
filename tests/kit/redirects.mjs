// redirects.mjs: addresses that differ from a registered one in a way that some parser, somewhere, did not see. Each
// family is a known way out (open redirect lists, RFC 9700 4.1): none may ever be followed.

// Whole addresses that point elsewhere.
const elsewhere = [
  'https://evil.example', 'https://evil.example/', 'https://evil.example/cb', '//evil.example', '///evil.example', '////evil.example/cb',
  '/\\evil.example', '\\\\evil.example', '\\/\\/evil.example', '/%09/evil.example', '/%5cevil.example', '/%2f%2fevil.example', '//evil%E3%80%82example',
  'http:evil.example', 'http:/evil.example', 'http:\\\\evil.example', 'http:/\\evil.example', 'https:evil.example', 'http:///evil.example', 'http://;@evil.example',
  '.evil.example', 'evil.example', '@evil.example', '/cb', 'cb', '?next=https://evil.example', '#', '', ' ', '*', 'null', 'about:blank', '.', '..', '/../cb',
  'javascript:alert(1)', 'JavaScript:alert(1)', 'jAvAsCrIpT:alert(1)', 'java\tscript:alert(1)', 'java\nscript:alert(1)', ' javascript:alert(1)', '\u0001javascript:alert(1)',
  'javascript://localhost:9999/%0aalert(1)', 'javascript:%0aalert(1)', 'java%0ascript:alert(1)', 'javascript&colon;alert(1)', 'data:text/html,<script>alert(1)</script>',
  'data:text/html;base64,PHNjcmlwdD5hbGVydCgxKTwvc2NyaXB0Pg==', 'vbscript:msgbox(1)', 'file:///etc/passwd', 'blob:http://localhost:9999/x', 'filesystem:http://localhost:9999/temporary/x',
  'view-source:http://localhost:9999/cb', 'intent://localhost:9999/cb#Intent;scheme=http;end', 'ftp://localhost:9999/cb', 'ws://localhost:9999/cb', 'mailto:a@evil.example', 'tel:1',
  'urn:ietf:wg:oauth:2.0:oob', 'com.evil.app:/cb', 'com.evil.app://cb', 'https://[::1]@evil.example/cb', 'https://evil.example%00.localhost/cb', 'https://\u0435vil.example/', 'https://evil。example/',
  'https://evil.example\\@localhost:9999/cb', 'https://evil.example#@localhost:9999/cb', 'https://evil.example?@localhost:9999/cb', 'https://evil.example/?localhost:9999/cb',
  'http://2130706433:9999/cb', 'http://0x7f000001:9999/cb', 'http://0177.0.0.1:9999/cb', 'http://127.1:9999/cb', 'http://0:9999/cb', 'http://[::ffff:127.0.0.1]:9999/cb',
  'http://127.0.0.1:9999/cb', 'http://127.0.0.2:9999/cb', 'http://[::1]:9999/cb', 'http://169.254.169.254/latest/meta-data', 'http://localhost.evil.example:9999/cb', 'http://evil-localhost:9999/cb',
];

// Spellings of a registered address R that are not R. H: its host and port, P: its path.
const spellings = [
  'R/', 'R//', 'R/.', 'R/..', 'R/../cb', 'R/x', 'Rx', 'R?', 'R?x=1', 'R?x=https://evil.example', 'R&x=1', 'R;x=1', 'R#', 'R#x', 'R#@evil.example', 'R%20', 'R%00', 'R%0a', 'R%0d%0aLocation:%20https://evil.example',
  'R\u0000', 'R\n', 'R\r\nLocation: https://evil.example', 'R\t', 'R ', ' R', '\tR', '\nR', '\u00a0R', '\ufeffR', 'R\u200b', 'R,R', 'R R', 'R%2c', 'R\\', 'R\\..\\x', 'R%5c', 'R%2f', 'R%2e%2e', 'R/%2e%2e/cb', 'R/..;/x', 'R/;x', 'R*', 'R"', "R'", 'R<', 'R`', 'R{', 'R|',
  'HTTP://HP', 'Http://HP', 'https://HP', 'http:HP', 'http:/HP', 'http:///HP', 'http:////HP', 'http:\\\\HP', 'http:/\\HP', 'http://H\\cb', 'http://H//cb', 'http://H/./cb', 'http://H/x/../cb', 'http://H/%63b', 'http://H/c%62', 'http://H/CB', 'http://H/Cb', 'http://H/cb%', 'http://H/cb%zz', 'http://H/ｃｂ',
  'http://HP@evil.example', 'http://HP@evil.example/cb', 'http://H@evil.example/cb', 'http://H:80@evil.example/cb', 'http://H%40evil.example/cb', 'http://H@@evil.example/cb', 'http://a@b@HP', 'http://evil.example@HP', 'http://evil.example:x@HP', 'http://:@HP', 'http://@HP', 'http://user@HP',
  'http://evil.example\\@HP', 'http://evil.example%5c@HP', 'http://evil.example%23@HP', 'http://evil.example#@HP', 'http://evil.example?@HP', 'http://evil.example/@HP', 'http://evil.example;HP', 'http://evil.example:80#@HP', 'http://evil.example:80?@HP',
  'http://H.evil.example/cb', 'http://H%2eevil.example/cb', 'http://H%00.evil.example/cb', 'http://H,evil.example/cb', 'http://H;evil.example/cb', 'http://H%0devil.example/cb', 'http://H%09/cb', 'http://H%20/cb', 'http://H./cb', 'http://*.HP', 'http://*/cb', 'http://*:9999/cb',
  'http://localhost/cb', 'http://localhost:/cb', 'http://localhost:80/cb', 'http://localhost:09999/cb', 'http://localhost:9998/cb', 'http://localhost:99999/cb', 'http://localhost:9999:9999/cb', 'http://localhost:+9999/cb', 'http://localhost:-1/cb', 'http://localhost:9999x/cb', 'http://localhost:0x270f/cb', 'http://LOCALHOST:9999/cb', 'http://Localhost:9999/cb', 'http://loc\u0430lhost:9999/cb', 'http://localhost\u3002:9999/cb', 'http://localhost.:9999/cb', 'http://local%68ost:9999/cb',
  'http://H', 'http://H/', 'http://H/c', 'http://H?/cb', 'http://H#/cb', 'http://H/?/cb', 'H/cb', '//HP', '/cb', 'cb',
];

// Where an address is mixed with another, by each separator that was ever misread.
const separators = ['@', '\\', '%5c', '#', '?', '/', ';', '&', '%00', '%23', '%3f', '%40', '%2f', '%09', '%0a', '%0d', '%20', '.', ',', '|', '!', '~', '\\@', '@@', ':80@', '%2e', '/.', '//', '/\\', '\t', '\u2028'];

export function offList(registered) {
  const url = new URL(registered);
  const path = url.pathname;
  const list = [...elsewhere, ...spellings.map((s) => s.replaceAll('HP', url.host + path).replace(/R/g, () => registered).replace(/\bH(?=[\\/@:;,.#?%]|$)/g, url.host))];
  for (const s of separators) {
    list.push(`http://${url.host}${s}evil.example${path}`, `http://evil.example${s}${url.host}${path}`, `https://evil.example${s}${registered}`, `${registered}${s}evil.example`);
    list.push(`//evil.example${s}${url.host}${path}`, `${registered}${s}`, `http://${url.host}${path}${s}//evil.example/`);
  }
  // Every position of the address flipped in case, doubled, or gone.
  for (let at = 0; at < registered.length; at++) {
    const c = registered[at];
    list.push(registered.slice(0, at) + registered.slice(at + 1), registered.slice(0, at) + c + registered.slice(at));
    if (c !== c.toUpperCase()) list.push(registered.slice(0, at) + c.toUpperCase() + registered.slice(at + 1));
    list.push(`${registered.slice(0, at)}%${c.charCodeAt(0).toString(16)}${registered.slice(at + 1)}`);
  }
  return [...new Set(list)].filter((s) => s !== registered && s !== '');
}
