/** The public half of an Ed25519 key that signs receipts, or once did. */
export interface ReceiptKey {
  /** Its RFC 7638 thumbprint. */
  readonly kid: string;
  /** The 32 bytes of the key in base64url, as a JWK has them. */
  readonly x: string;
}

/** Every key that ever signed: receipts outlive keys, so no key is removed. */
export abstract class ReceiptKeyStore {
  /** A key that is known already stays as it is. */
  abstract add(key: ReceiptKey): Promise<void>;
  /** Newest first. */
  abstract all(): Promise<readonly ReceiptKey[]>;
}
