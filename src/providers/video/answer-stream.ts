import { Readable } from 'node:stream';
import type { Answer } from '../http/converse.js';
import { malformed } from '../http/malformed.js';

/** The number of bytes to skip at the beginning, and the number of bytes after them. */
export interface AnswerPart {
  readonly skipBytes: number;
  readonly bytes: number;
}

/**
 * The rest of an answer as a stream, or a part of it. Destroying the stream, or reaching its end, releases the
 * connection.
 */
export class AnswerStream extends Readable {
  private skipBytes: number;
  private leftBytes: number;

  /**
   * @param part the stream ends after exactly these bytes: there are never more than a `Content-Length` says, and
   * fewer are a failure. Without it the stream is the whole answer.
   */
  constructor(
    private readonly answer: Answer,
    part: AnswerPart = { skipBytes: 0, bytes: Infinity },
  ) {
    super();
    this.skipBytes = part.skipBytes;
    this.leftBytes = part.bytes;
  }

  override _read(): void {
    this.readOn().catch((reason: unknown) => {
      this.destroy(reason instanceof Error ? reason : new Error('the answer broke off', { cause: reason }));
    });
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    this.answer.close();
    done(error);
  }

  /** Reads until something was pushed: after a read that pushes nothing, no other read would follow. */
  private async readOn(): Promise<void> {
    for (;;) {
      const chunks = this.leftBytes > 0 ? await this.answer.read() : undefined;
      if (this.destroyed) return;
      if (!chunks) {
        if (this.leftBytes > 0 && this.leftBytes < Infinity) throw malformed('fewer bytes than it said');
        this.push(null);
        return;
      }
      const bytes = this.wanted(chunks.length === 1 && chunks[0] ? chunks[0] : Buffer.concat(chunks));
      if (bytes.length > 0) {
        this.push(bytes);
        return;
      }
    }
  }

  private wanted(bytes: Buffer): Buffer {
    const skipped = Math.min(this.skipBytes, bytes.length);
    const taken = bytes.subarray(skipped, Math.min(bytes.length, skipped + this.leftBytes));
    this.skipBytes -= skipped;
    this.leftBytes -= taken.length;
    return taken;
  }
}
