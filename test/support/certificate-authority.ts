import { generateKeyPairSync, randomBytes, sign, type KeyObject } from 'node:crypto';
import { isIP } from 'node:net';

/** PEM. */
export interface Certificate {
  readonly cert: string;
  readonly key: string;
}

const COMMON_NAME = [2, 5, 4, 3];
const BASIC_CONSTRAINTS = [2, 5, 29, 19];
const SUBJECT_ALTERNATIVE_NAME = [2, 5, 29, 17];
const ECDSA_WITH_SHA256 = [1, 2, 840, 10045, 4, 3, 2];
const AUTHORITY = 'Authority of a test';

/** A certificate authority that exists for one test; nobody else trusts it. */
export class CertificateAuthority {
  private readonly pair = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  readonly cert = this.certify(AUTHORITY, this.pair.publicKey, [
    extension(BASIC_CONSTRAINTS, sequence(tlv(0x01, Buffer.from([0xff])))),
  ]);

  /** @param hosts names and IP addresses. */
  issue(...hosts: readonly string[]): Certificate {
    const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const names = extension(SUBJECT_ALTERNATIVE_NAME, sequence(...hosts.map(alternativeName)));
    return {
      cert: this.certify('Server of a test', publicKey, [names]),
      key: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    };
  }

  private certify(subject: string, publicKey: KeyObject, extensions: readonly Buffer[]): string {
    const algorithm = sequence(objectId(ECDSA_WITH_SHA256));
    const content = sequence(
      tlv(0xa0, integer(Buffer.from([2]))),
      integer(Buffer.concat([Buffer.from([1]), randomBytes(8)])),
      algorithm,
      commonName(AUTHORITY),
      sequence(time(Date.now() - 86_400_000), time(Date.now() + 86_400_000)),
      commonName(subject),
      publicKey.export({ type: 'spki', format: 'der' }),
      tlv(0xa3, sequence(...extensions)),
    );
    const signature = sign('sha256', content, this.pair.privateKey);
    const der = sequence(content, algorithm, tlv(0x03, Buffer.concat([Buffer.from([0]), signature])));
    return `-----BEGIN CERTIFICATE-----\n${der.toString('base64')}\n-----END CERTIFICATE-----\n`;
  }
}

function alternativeName(host: string): Buffer {
  if (isIP(host) === 0) return tlv(0x82, Buffer.from(host));
  return tlv(0x87, Buffer.from(host.split('.').map(Number)));
}

function commonName(name: string): Buffer {
  return sequence(tlv(0x31, sequence(objectId(COMMON_NAME), tlv(0x0c, Buffer.from(name)))));
}

function extension(id: readonly number[], value: Buffer): Buffer {
  return sequence(objectId(id), tlv(0x04, value));
}

function time(epochMs: number): Buffer {
  const digits = new Date(epochMs).toISOString().replace(/\D/g, '').slice(0, 14);
  return tlv(0x18, Buffer.from(`${digits}Z`));
}

function integer(bytes: Buffer): Buffer {
  return tlv(0x02, bytes);
}

function sequence(...parts: readonly Buffer[]): Buffer {
  return tlv(0x30, Buffer.concat(parts));
}

function objectId([first = 0, second = 0, ...rest]: readonly number[]): Buffer {
  return tlv(0x06, Buffer.from([first * 40 + second, ...rest.flatMap(base128)]));
}

function base128(value: number): number[] {
  const groups = [value & 0x7f];
  for (let left = value >> 7; left > 0; left >>= 7) groups.unshift((left & 0x7f) | 0x80);
  return groups;
}

function tlv(tag: number, content: Buffer): Buffer {
  const { length } = content;
  const head = length < 128 ? [length] : length < 256 ? [0x81, length] : [0x82, length >> 8, length & 0xff];
  return Buffer.concat([Buffer.from([tag, ...head]), content]);
}
