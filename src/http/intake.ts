import { Injectable } from '@nestjs/common';
import { GatewayError } from '../base/errors/gateway-error.js';
import { BodySettings } from './settings.js';
import { SumsByPayer } from './sums-by-payer.js';
import type { Payer } from '../payments/payer.js';

/** This much of a body is never refused or counted, so ordinary requests get in even while large ones are held. */
const UNCOUNTED_BYTES = 65_536;
/** Memory of a small object after parsing. */
const BYTES_PER_VALUE = 64;

/** Counts the request bodies that this process holds or is reading. */
@Injectable()
export class Intake {
  private held = 0;
  private readonly heldByKey = new SumsByPayer();
  private readonly uploads = new SumsByPayer();

  constructor(private readonly settings: BodySettings) {}

  /** Largest body, bytes. */
  get maxBytes(): number {
    return this.settings.maxBytes;
  }

  /** Room for one body. Release it when the body is no longer needed. */
  share(payer: Payer): IntakeShare {
    return new IntakeShare((bytes, own) => this.take(payer, bytes, own));
  }

  /** Number of this key's slow uploads. */
  uploadsOf(payer: Payer): number {
    return this.uploads.of(payer);
  }

  /** Counts an upload for as long as it lasts. */
  async during<Result>(payer: Payer, upload: () => Promise<Result>): Promise<Result> {
    this.uploads.add(payer, 1);
    try {
      return await upload();
    } finally {
      this.uploads.add(payer, -1);
    }
  }

  /** @param own what the same body has already taken: a body that is alone is never refused, whatever the bounds */
  private take(payer: Payer, bytes: number, own: number): void {
    const { perKey, perProcess } = this.settings.intake;
    const others = this.heldByKey.of(payer) - own;
    if (bytes > 0 && others > 0 && others + own + bytes > perKey) throw keyIsFull(perKey);
    if (bytes > 0 && this.held > own && this.held + bytes > perProcess) throw processIsFull();
    this.held += bytes;
    this.heldByKey.add(payer, bytes);
  }
}

/** The room that one body takes. */
export class IntakeShare {
  private size = 0;
  private counted = 0;

  constructor(private readonly take: (bytes: number, own: number) => void) {}

  /** @throws GatewayError concurrency_limit_exceeded, or service_unavailable, when no room is left */
  grow(bytes: number): void {
    this.size += bytes;
    const more = this.size - UNCOUNTED_BYTES - this.counted;
    if (more <= 0) return;
    this.take(more, this.counted);
    this.counted += more;
  }

  /** Counts the values of a body before they are parsed. @throws as `grow` */
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
