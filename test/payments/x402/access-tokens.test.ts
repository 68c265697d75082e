import { beforeAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { AccessTokens } from '../../../src/payments/x402/access-tokens.js';
import { TokenSecretStore } from '../../../src/payments/x402/token-secret-store.js';

const HOUR = 3_600_000;
const KEY = /^compose-[A-Za-z0-9_-]{20,200}$/;
const LETTERS = Array.from('ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_');
const hex = Array.from('0123456789abcdef');

const anyWallet = fc.record({
  chainId: fc.integer({ min: 1, max: 999_999_999_999_999 }),
  address: fc
    .string({ unit: fc.constantFrom(...hex), minLength: 40, maxLength: 40 })
    .map((digits) => `0x${digits}`),
});
const WALLET = { chainId: 43_113, address: `0x${'ab'.repeat(20)}` };

/** Shared by what is made with it. */
class Secret extends TokenSecretStore {
  private kept: Buffer | undefined;
  keepOrFind = (offered: Buffer): Promise<Buffer> => Promise.resolve((this.kept ??= offered));
}

async function tokensWith(secret: TokenSecretStore): Promise<AccessTokens> {
  const tokens = new AccessTokens(secret, HOUR);
  await tokens.onModuleInit();
  return tokens;
}

describe('an access token', () => {
  const secret = new Secret();
  let tokens: AccessTokens;
  beforeAll(async () => {
    tokens = await tokensWith(secret);
  });

  it('has the form of a key, and names its wallet in every replica', async () => {
    const replica = await tokensWith(secret);
    fc.assert(
      fc.property(anyWallet, (wallet) => {
        const token = tokens.issue(wallet);
        expect(token).toMatch(KEY);
        expect(replica.open(token)).toEqual(wallet);
      }),
    );
  });

  it('lives for its time', () => {
    const now = 1_800_000_000_000;
    const token = tokens.issue(WALLET, now);
    expect(tokens.open(token, now + HOUR - 1)).toEqual(WALLET);
    expect(tokens.open(token, now + HOUR)).toBeUndefined();
    expect(tokens.open(tokens.issue(WALLET))).toEqual(WALLET);
  });

  it('is not another one with a letter changed', () => {
    const token = tokens.issue(WALLET);
    const places = fc.integer({ min: 'compose-'.length, max: token.length - 1 });
    fc.assert(
      fc.property(places, fc.constantFrom(...LETTERS), (place, letter) => {
        const forged = token.slice(0, place) + letter + token.slice(place + 1);
        expect(tokens.open(forged)).toEqual(forged === token ? WALLET : undefined);
      }),
      { numRuns: 1_000 },
    );
  });

  it('is nothing when it is cut, grown or made up', async () => {
    const token = tokens.issue(WALLET);
    for (let length = 0; length < token.length; length += 1)
      expect(tokens.open(token.slice(0, length))).toBeUndefined();
    for (const other of [`${token}A`, `${token}=`, ` ${token}`, token.replace('compose', 'Compose')])
      expect(tokens.open(other)).toBeUndefined();
    expect((await tokensWith(new Secret())).open(token)).toBeUndefined();
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 66, maxLength: 66 }), (bytes) => {
        expect(tokens.open(`compose-${Buffer.from(bytes).toString('base64url')}`)).toBeUndefined();
      }),
    );
  });

  it('does not exist where wallets cannot pay', async () => {
    const off = new AccessTokens(secret, undefined);
    await off.onModuleInit();
    expect(off.open(tokens.issue(WALLET))).toBeUndefined();
    expect(() => off.issue(WALLET)).toThrow('wallets cannot pay here');
  });
});
