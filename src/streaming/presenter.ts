import type { GatewayError } from '../base/errors/gateway-error.js';

export type HeaderFields = Readonly<Record<string, string>>;

/** Shows the items of one stream as SSE frames, the way one surface wants them. Stateful: one per stream. */
export interface StreamPresenter<Item> {
  /** Extra response headers; asked for once, when the head is written. */
  headers(): HeaderFields;
  /** Zero or more whole frames. */
  frames(item: Item): string;
  /** Frames for a failure after the head has been written. */
  failure(error: GatewayError): string;
  /** Frames after the last item and before the wire's end; not asked for after a failure. */
  end(): string;
}

/** Shows the items of one whole answer as one JSON body. Stateful: one per answer. */
export interface BodyPresenter<Item> {
  /** HTTP status, 200 unless told. */
  readonly status?: number;
  add(item: Item): void;
  /** Asked for after the last item. */
  headers(): HeaderFields;
  /** JSON text; asked for after the last item. */
  body(): string;
}
