import { createPrivateKey, randomBytes, type KeyObject } from 'node:crypto';

/** RFC 8410: the bytes before the 32-byte seed in the PKCS #8 form of an Ed25519 private key. */
const PKCS8_HEAD = Buffer.from('302e020100300506032b657004220420', 'hex');
const SEED_BYTES = 32;

/**
 * Reads an Ed25519 private key: PEM (line ends may be written `\n`, as in a one-line variable), or base64 of its
 * PKCS #8 form or of the bare 32-byte seed.
 * @throws Error for anything else; its text never holds the key.
 */
export function parseSigningKey(text: string): KeyObject {
  const key = createPrivateKey(
    text.includes('-----BEGIN')
      ? text.replaceAll('\\n', '\n')
      : { key: asPkcs8(text), format: 'der', type: 'pkcs8' },
  );
  if (key.asymmetricKeyType !== 'ed25519') throw new Error('not an Ed25519 private key');
  return key;
}

/** A new key: base64 of its seed. */
export function newSigningKey(): string {
  return randomBytes(SEED_BYTES).toString('base64');
}

function asPkcs8(base64: string): Buffer {
  const bytes = Buffer.from(base64, 'base64');
  return bytes.length === SEED_BYTES ? Buffer.concat([PKCS8_HEAD, bytes]) : bytes;
}
