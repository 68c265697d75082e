import { createHash, createPublicKey, sign, type KeyObject } from 'node:crypto';
import { promisify } from 'node:util';
import { canonicalJson, signedText } from '../domain/canonical-json.js';
import type { Receipt } from '../domain/receipt.js';
import type { ReceiptKey } from './receipt-key-store.js';

/** With a callback it works on libuv's threads, and the one that serves all streams stays free. */
const signOnAnotherThread = promisify<null, Buffer, KeyObject, Buffer>(sign);

/** Signs receipts with this process's key. The same receipt always gets the same signature. */
export class ReceiptSigner {
  readonly publicKey: ReceiptKey;
  private readonly head: string;

  constructor(private readonly privateKey: KeyObject) {
    this.publicKey = publicKeyOf(privateKey);
    this.head = base64url(JSON.stringify({ alg: 'EdDSA', kid: this.publicKey.kid }));
  }

  /** @returns a compact JWS whose payload is the receipt without its signature, in canonical JSON. */
  async sign(receipt: Receipt): Promise<string> {
    const input = `${this.head}.${base64url(signedText(receipt))}`;
    const signature = await signOnAnotherThread(null, Buffer.from(input), this.privateKey);
    return `${input}.${signature.toString('base64url')}`;
  }
}

/** With the thumbprint of RFC 7638 as its name, so that one key has one name wherever it is used. */
function publicKeyOf(privateKey: KeyObject): ReceiptKey {
  const { x } = createPublicKey(privateKey).export({ format: 'jwk' });
  if (x === undefined) throw new TypeError('not an Ed25519 key');
  const members = canonicalJson({ crv: 'Ed25519', kty: 'OKP', x });
  return { kid: createHash('sha256').update(members).digest('base64url'), x };
}

function base64url(text: string): string {
  return Buffer.from(text).toString('base64url');
}
