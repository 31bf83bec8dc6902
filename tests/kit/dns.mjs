// dns.mjs: a DNS server of a story's own that knows TXT records alone (RFC 1035). records: { name: [text] }.
import { createSocket } from 'node:dgram';

function nameAt(message, at) {
  const labels = [];
  while (message[at]) { labels.push(message.toString('latin1', at + 1, at + 1 + message[at])); at += message[at] + 1; }
  return { name: labels.join('.').toLowerCase(), end: at + 1 };
}

function txt(text) {
  const data = Buffer.concat(text.match(/.{1,200}/g).map((part) => Buffer.concat([Buffer.from([part.length]), Buffer.from(part)])));
  const head = Buffer.from([0xc0, 12, 0, 16, 0, 1, 0, 0, 0, 30, 0, 0]);
  head.writeUInt16BE(data.length, 10);
  return Buffer.concat([head, data]);
}

export async function startDns() {
  const socket = createSocket('udp4');
  const dns = { records: {}, asked: [], silent: false };
  socket.on('message', (message, from) => {
    const { name, end } = nameAt(message, 12);
    dns.asked.push(name);
    if (dns.silent) return;
    const found = dns.records[name];
    const head = Buffer.from([message[0], message[1], 0x81, found ? 0x80 : 0x83, 0, 1, 0, found?.length ?? 0, 0, 0, 0, 0]);
    socket.send(Buffer.concat([head, message.subarray(12, end + 4), ...(found ?? []).map(txt)]), from.port, from.address);
  });
  await new Promise((done) => { socket.bind(0, '127.0.0.1', done); });
  dns.address = `127.0.0.1:${socket.address().port}`;
  dns.stop = () => new Promise((done) => { socket.close(done); });
  return dns;
}
