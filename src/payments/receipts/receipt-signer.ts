import { createHash, createPublicKey, sign, type KeyObject } from 'node:crypto';
import { canonicalJson, signedText } from '../../base/money/canonical-json.js';
import { base64url, jwsHead } from '../../base/money/receipt-proof.js';
import type { Receipt } from '../../base/money/receipt.js';
import type { ReceiptKey } from './receipt-key-store.js';

/**
 * Signs receipts with this process's key, on this thread: handing such short work to another thread costs more than
 * the work (decision 0015). The same receipt always gets the same signature.
 */
export class ReceiptSigner {
  readonly publicKey: ReceiptKey;
  private readonly head: string;

  constructor(private readonly privateKey: KeyObject) {
    this.publicKey = publicKeyOf(privateKey);
    this.head = jwsHead(this.publicKey.kid);
  }

  /** @returns a compact JWS whose payload is the receipt without its signature, in canonical JSON. */
  sign(receipt: Receipt): string {
    const input = `${this.head}.${base64url(signedText(receipt))}`;
    return `${input}.${this.signBytes(Buffer.from(input))}`;
  }

  /** @returns the signature in base64url, as a JWS has it */
  signBytes(bytes: Uint8Array): string {
    return sign(null, bytes, this.privateKey).toString('base64url');
  }
}

/** The public key, named by its RFC 7638 thumbprint, so that one key has one name wherever it is used. */
function publicKeyOf(privateKey: KeyObject): ReceiptKey {
  const { x } = createPublicKey(privateKey).export({ format: 'jwk' });
  if (x === undefined) throw new TypeError('not an Ed25519 key');
  const members = canonicalJson({ crv: 'Ed25519', kty: 'OKP', x });
  return { kid: createHash('sha256').update(members).digest('base64url'), x };
}
