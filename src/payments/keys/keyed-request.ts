/** A request that names a key, from its head to its answer. */
export interface KeyedRequest {
  /** SHA-256 of the key, as it is stored. */
  readonly keyHash: Buffer;
  /** One object for everything that is made of the request, so that the key's rate limit counts it once. */
  readonly rate: { counted: boolean };
}
