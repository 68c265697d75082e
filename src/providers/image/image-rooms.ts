import { GatewayError } from '../../base/errors/gateway-error.js';

/** Bounds the bytes of fetched images that this process holds for its calls. */
export class ImageRooms {
  private held = 0;

  constructor(private readonly maxBytes: number) {}

  /** Room for the images of one call. It must be released when the call has ended. */
  open(): ImageRoom {
    return new ImageRoom((bytes, own) => this.take(bytes, own));
  }

  /** @param own what the same call has taken: one that is alone is not refused */
  private take(bytes: number, own: number): void {
    if (bytes > 0 && this.held > own && this.held + bytes > this.maxBytes) throw tooManyImages();
    this.held += bytes;
  }
}

export class ImageRoom {
  private bytes = 0;
  private isReleased = false;

  constructor(private readonly take: (bytes: number, own: number) => void) {}

  /** @throws GatewayError service_unavailable when no room is left */
  grow(bytes: number): void {
    if (this.isReleased) return;
    this.take(bytes, this.bytes);
    this.bytes += bytes;
  }

  /** What comes later takes none. */
  release(): void {
    this.isReleased = true;
    if (this.bytes > 0) this.take(-this.bytes, this.bytes);
    this.bytes = 0;
  }
}

export function tooManyImages(): GatewayError {
  return new GatewayError('service_unavailable', 'Too many images are being fetched. Try again shortly.', {
    retryAfterSeconds: 5,
  });
}
