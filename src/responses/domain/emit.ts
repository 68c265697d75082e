import type { ResponseEventBody } from './response-event.js';

/** Takes the events of a response in their order; numbering them is the taker's. */
export type Emit = (event: ResponseEventBody) => void;

export interface ItemPlace {
  readonly item_id: string;
  readonly output_index: number;
}
