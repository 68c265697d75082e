/** The secret behind the access tokens of wallets: one for all replicas. */
export abstract class TokenSecretStore {
  /** Keeps the first secret that is ever offered, and returns it. */
  abstract keepOrFind(offered: Buffer): Promise<Buffer>;
}
