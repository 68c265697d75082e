import { createHash, timingSafeEqual } from 'node:crypto';

/** The bearer token of the admin interface; compared in constant time. */
export class AdminToken {
  private readonly expected: Buffer;

  constructor(token: string) {
    this.expected = digest(token);
  }

  /** Checks an `Authorization` header. */
  accepts(header: string | undefined): boolean {
    const [, token = ''] = /^bearer\s+(\S+)$/i.exec(header ?? '') ?? [];
    return timingSafeEqual(digest(token), this.expected);
  }
}

/** A digest, because `timingSafeEqual` needs equal lengths. */
function digest(token: string): Buffer {
  return createHash('sha256').update(token).digest();
}
