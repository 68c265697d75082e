import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import type { OnModuleInit } from '@nestjs/common';
import type { TokenSecretStore } from './token-secret-store.js';
import type { Wallet } from './wallet.js';

const SECRET_BYTES = 32;
const VERSION = 1;
/** Version, chain id (8 bytes), address (20), expiry in epoch seconds (5), HMAC-SHA256 (32). */
const CHAIN_AT = 1;
const ADDRESS_AT = 9;
const EXPIRY_AT = 29;
const SIGNED_BYTES = 34;
/** 66 bytes: a multiple of three, so that base64url has no spare bits and a token one spelling. */
const TOKEN = /^compose-([A-Za-z0-9_-]{88})$/;

/** Names the wallet that has paid, for a while, on routes that want a key. A token has the form of a key. */
export class AccessTokens implements OnModuleInit {
  private secret: Buffer | undefined;

  /** @param lifetimeMs of a token; undefined where wallets cannot pay */
  constructor(
    private readonly secrets: TokenSecretStore,
    private readonly lifetimeMs: number | undefined,
  ) {}

  async onModuleInit(): Promise<void> {
    if (this.lifetimeMs !== undefined) this.secret = await this.secrets.keepOrFind(randomBytes(SECRET_BYTES));
  }

  /** @throws Error where wallets cannot pay */
  issue({ chainId, address }: Wallet, now = Date.now()): string {
    if (this.secret === undefined || this.lifetimeMs === undefined)
      throw new Error('wallets cannot pay here');
    const signed = Buffer.alloc(SIGNED_BYTES);
    signed.writeUInt8(VERSION);
    signed.writeBigUInt64BE(BigInt(chainId), CHAIN_AT);
    signed.write(address.slice(2), ADDRESS_AT, 'hex');
    signed.writeUIntBE(Math.ceil((now + this.lifetimeMs) / 1_000), EXPIRY_AT, SIGNED_BYTES - EXPIRY_AT);
    return `compose-${Buffer.concat([signed, macOf(signed, this.secret)]).toString('base64url')}`;
  }

  /** @returns undefined for what is no token of this gateway, or one whose time is over */
  open(token: string, now = Date.now()): Wallet | undefined {
    const [, text] = TOKEN.exec(token) ?? [];
    if (text === undefined || this.secret === undefined) return undefined;
    const bytes = Buffer.from(text, 'base64url');
    const signed = bytes.subarray(0, SIGNED_BYTES);
    if (!timingSafeEqual(bytes.subarray(SIGNED_BYTES), macOf(signed, this.secret))) return undefined;
    const expiresAt = signed.readUIntBE(EXPIRY_AT, SIGNED_BYTES - EXPIRY_AT) * 1_000;
    if (signed.readUInt8() !== VERSION || expiresAt <= now) return undefined;
    return {
      chainId: Number(signed.readBigUInt64BE(CHAIN_AT)),
      address: `0x${signed.toString('hex', ADDRESS_AT, EXPIRY_AT)}`,
    };
  }
}

function macOf(signed: Buffer, secret: Buffer): Buffer {
  return createHmac('sha256', secret).update(signed).digest();
}
