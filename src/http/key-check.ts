/** Whether a key lives, for the moments when the call's own hold cannot tell. */
export abstract class KeyCheck {
  /** @throws GatewayError 401 for an unknown, revoked or expired key */
  abstract check(keyHash: Buffer): Promise<void>;
}
