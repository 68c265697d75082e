import type { ResponseEventBody } from './response-event.js';

/** Takes the events of a response in their order, and numbers them. */
export type Emit = (event: ResponseEventBody) => void;

export interface ItemPlace {
  readonly item_id: string;
  readonly output_index: number;
}
