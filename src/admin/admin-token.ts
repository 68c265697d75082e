import { createHash, timingSafeEqual } from 'node:crypto';

/** The bearer of the admin interface; compared in constant time. */
export class AdminToken {
  private readonly expected: Buffer;

  constructor(token: string) {
    this.expected = digest(token);
  }

  /** Reads an `Authorization` header. */
  accepts(header: string | undefined): boolean {
    const [, token = ''] = /^bearer\s+(\S+)$/i.exec(header ?? '') ?? [];
    return timingSafeEqual(digest(token), this.expected);
  }
}

/** Equal lengths, whatever was sent. */
function digest(token: string): Buffer {
  return createHash('sha256').update(token).digest();
}
