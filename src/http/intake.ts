import { Injectable } from '@nestjs/common';
import { GatewayError } from '../base/errors/gateway-error.js';
import { BodySettings } from './settings.js';
import { SumsByKey } from './sums-by-key.js';

/** So much of a body is never refused or counted: ordinary requests get in whatever large ones are there. */
const UNCOUNTED_BYTES = 65_536;
/** What a small object takes when it is parsed. */
const BYTES_PER_VALUE = 64;

/** What this process has taken in of request bodies, and is taking in. */
@Injectable()
export class Intake {
  private held = 0;
  private readonly heldByKey = new SumsByKey();
  private readonly uploads = new SumsByKey();

  constructor(private readonly settings: BodySettings) {}

  /** Room for one body. To be released when the body is not needed any more. */
  share(keyHash: Buffer): IntakeShare {
    return new IntakeShare((bytes, own) => this.take(keyHash, bytes, own));
  }

  /** Uploads of this key that take their time. */
  uploadsOf(keyHash: Buffer): number {
    return this.uploads.of(keyHash);
  }

  /** Counts an upload for as long as it lasts. */
  async during<Result>(keyHash: Buffer, upload: () => Promise<Result>): Promise<Result> {
    this.uploads.add(keyHash, 1);
    try {
      return await upload();
    } finally {
      this.uploads.add(keyHash, -1);
    }
  }

  /** @param own what the same body has already: a body that is alone is never refused, whatever the bounds */
  private take(keyHash: Buffer, bytes: number, own: number): void {
    const { perKey, perProcess } = this.settings.intake;
    const others = this.heldByKey.of(keyHash) - own;
    if (bytes > 0 && others > 0 && others + own + bytes > perKey) throw keyIsFull(perKey);
    if (bytes > 0 && this.held > own && this.held + bytes > perProcess) throw processIsFull();
    this.held += bytes;
    this.heldByKey.add(keyHash, bytes);
  }
}

/** What one body takes of the room. */
export class IntakeShare {
  private size = 0;
  private counted = 0;

  constructor(private readonly take: (bytes: number, own: number) => void) {}

  /** @throws GatewayError concurrency_limit_exceeded, service_unavailable when there is no room left */
  grow(bytes: number): void {
    this.size += bytes;
    const more = this.size - UNCOUNTED_BYTES - this.counted;
    if (more <= 0) return;
    this.take(more, this.counted);
    this.counted += more;
  }

  /** Of what has been read, before it is parsed. @throws as `grow` */
  growByValues(values: number): void {
    this.grow(values * BYTES_PER_VALUE);
  }

  release(): void {
    if (this.counted > 0) this.take(-this.counted, this.counted);
    this.counted = 0;
    this.size = Number.NEGATIVE_INFINITY;
  }
}

function keyIsFull(bytes: number): GatewayError {
  return new GatewayError(
    'concurrency_limit_exceeded',
    `This key's limit of ${bytes} bytes of request bodies at a time is reached. Try again when a request has ended.`,
    { retryAfterSeconds: 1 },
  );
}

function processIsFull(): GatewayError {
  return new GatewayError(
    'service_unavailable',
    "The gateway's limit of request bodies at a time is reached. Try again shortly.",
    { retryAfterSeconds: 1 },
  );
}
