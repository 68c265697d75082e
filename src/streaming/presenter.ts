import type { GatewayError } from '../base/errors/gateway-error.js';

export type HeaderFields = Readonly<Record<string, string>>;

/** Turns the items of one stream into the SSE frames of one surface. Stateful: one per stream. */
export interface StreamPresenter<Item> {
  /** Whether the head must not be sent before the first frame, however long that takes. */
  readonly waitsForFrames?: boolean;
  /** Extra response headers; called once, when the head is written. */
  headers(): HeaderFields;
  /** Zero or more whole frames. */
  frames(item: Item): string;
  /** Frames for a failure after the head has been written. */
  failure(error: GatewayError): string;
  /**
   * Whole frames that keep a silent stream alive, at a moment when the wire's own are not enough; undefined for those.
   * Called when the stream has been silent for as long as the keep-alive.
   */
  ping?(): string | undefined;
  /** Frames between the last item and the wire's end; not called after a failure. */
  end(): string;
}

/** Turns the items of one whole answer into one JSON body. Stateful: one per answer. */
export interface BodyPresenter<Item> {
  /** HTTP status; 200 by default. */
  readonly status?: number;
  add(item: Item): void;
  /** Called after the last item. */
  headers(): HeaderFields;
  /** JSON text; called after the last item. */
  body(): string;
}
