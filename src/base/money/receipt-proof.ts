import { signedText } from './canonical-json.js';
import type { Receipt } from './receipt.js';

/** Of a key's thumbprint: a SHA-256. */
const KEY_BYTES = 32;
/** Of Ed25519 (RFC 8032, section 5.1.6). */
const SIGNATURE_BYTES = 64;

/**
 * A receipt's signature without what the receipt itself says: the thumbprint of the key, then its signature. Of a
 * kilobyte of JWS, 96 bytes are left.
 *
 * @param jws as `ReceiptSigner` makes it
 */
export function proofOf(jws: string): Buffer {
  const head = jws.slice(0, jws.indexOf('.'));
  const { kid } = JSON.parse(Buffer.from(head, 'base64url').toString()) as { kid: string };
  const proof = Buffer.alloc(KEY_BYTES + SIGNATURE_BYTES);
  proof.write(kid, 'base64url');
  proof.write(jws.slice(jws.lastIndexOf('.') + 1), KEY_BYTES, 'base64url');
  return proof;
}

/** The JWS that `proof` is of, to the letter, if `receipt` says what was signed. */
export function jwsOf(receipt: Receipt, proof: Buffer): string {
  const head = jwsHead(proof.toString('base64url', 0, KEY_BYTES));
  return `${head}.${base64url(signedText(receipt))}.${proof.toString('base64url', KEY_BYTES)}`;
}

/** The head of a receipt's JWS. @param kid the thumbprint of the key (RFC 7638), in base64url */
export function jwsHead(kid: string): string {
  return base64url(JSON.stringify({ alg: 'EdDSA', kid }));
}

export function base64url(text: string): string {
  return Buffer.from(text).toString('base64url');
}
