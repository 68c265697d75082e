import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { isIPv6 } from 'node:net';

const A = 1;
const AAAA = 28;

/** A DNS server on loopback that answers each question about a name with the next of its answers, then the last. */
export interface NameServer {
  /** For `setServers`. */
  readonly address: string;
  /** Names in the order of their questions, one for each family. */
  readonly asked: readonly string[];
  /** One list of addresses for each time that the name is asked for; none at all: silence. */
  set(name: string, ...answers: readonly (readonly string[])[]): void;
  close(): Promise<void>;
}

export async function startNameServer(): Promise<NameServer> {
  const socket = createSocket('udp4');
  const names = new Map<string, (readonly string[])[]>();
  /** How often a name was asked for, by family. */
  const counts = new Map<string, number>();
  const asked: string[] = [];
  socket.on('message', (question, { port, address }) => {
    const { name, type, end } = parse(question);
    asked.push(name);
    const key = `${name} ${type}`;
    const count = counts.get(key) ?? 0;
    counts.set(key, count + 1);
    const answers = names.get(name);
    const addresses = answers?.[Math.min(count, answers.length - 1)] ?? [];
    const fitting = addresses.filter((one) => isIPv6(one) === (type === AAAA));
    if (answers?.length === 0) return;
    socket.send(reply(question.subarray(0, end), answers !== undefined, type, fitting), port, address);
  });
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  return {
    address: `127.0.0.1:${socket.address().port}`,
    asked,
    set: (name, ...answers) => {
      names.set(name, [...answers]);
      counts.delete(`${name} ${A}`);
      counts.delete(`${name} ${AAAA}`);
    },
    close: async () => {
      socket.close();
      await once(socket, 'close');
    },
  };
}

function parse(question: Buffer): { name: string; type: number; end: number } {
  const labels: string[] = [];
  let offset = 12;
  for (let length = question[offset] ?? 0; length > 0; length = question[offset] ?? 0) {
    labels.push(question.toString('latin1', offset + 1, offset + 1 + length));
    offset += length + 1;
  }
  return { name: labels.join('.').toLowerCase(), type: question.readUInt16BE(offset + 1), end: offset + 5 };
}

function reply(question: Buffer, known: boolean, type: number, addresses: readonly string[]): Buffer {
  const head = Buffer.from(question);
  head.writeUInt16BE(known ? 0x8580 : 0x8583, 2);
  head.writeUInt16BE(1, 4);
  head.writeUInt16BE(addresses.length, 6);
  head.writeUInt32BE(0, 8);
  return Buffer.concat([head, ...addresses.map((address) => record(type, address))]);
}

/** Points to the question's name; may be kept for no time at all. */
function record(type: number, address: string): Buffer {
  const data = type === A ? Buffer.from(address.split('.').map(Number)) : ipv6Bytes(address);
  const head = Buffer.alloc(12);
  head.writeUInt16BE(0xc00c, 0);
  head.writeUInt16BE(type, 2);
  head.writeUInt16BE(1, 4);
  head.writeUInt16BE(data.length, 10);
  return Buffer.concat([head, data]);
}

function ipv6Bytes(address: string): Buffer {
  const host = new URL(`http://[${address}]`).hostname.slice(1, -1);
  const [front = '', back = ''] = host.split('::');
  const groups = (text: string): string[] => (text === '' ? [] : text.split(':'));
  const missing = 8 - groups(front).length - groups(back).length;
  const all = [...groups(front), ...Array<string>(missing).fill('0'), ...groups(back)];
  return Buffer.from(all.map((group) => group.padStart(4, '0')).join(''), 'hex');
}
