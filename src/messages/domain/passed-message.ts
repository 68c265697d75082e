import type { JsonObject } from '../../base/json.js';
import { objectIn, textIn } from '../../base/json-fields.js';
import { LatestFields } from './latest-fields.js';

/** What may name a frame of its own: anything else would be frames that the upstream makes up. */
const EVENT_NAME = /^[a-z][a-z0-9_.]{0,63}$/;

/** Whether frames of the same wire are shown as they come: of a stream, or the one frame that is a whole Message. */
export type PassedForm = 'stream' | 'whole';

/** A frame that is shown. */
export interface PassedFrame {
  readonly type: string;
}

/** A Message of an upstream that speaks the same wire: kept as it came, but for its id and its model's name. */
export class PassedMessage {
  private message: JsonObject | undefined;
  private readonly delta = new LatestFields();
  private counts: LatestFields | undefined;
  private open: { readonly index: number; readonly type: string } | undefined;

  constructor(private readonly form: PassedForm) {}

  /** The Message as it began, or all of it. Undefined while nothing was passed. */
  get begun(): JsonObject | undefined {
    return this.message;
  }

  /** What the last frames said of the end. */
  get ending(): JsonObject {
    return this.delta.all;
  }

  get usage(): JsonObject | undefined {
    return this.counts?.all;
  }

  /** An event that says nothing, while a block is open. */
  get nothing(): PassedFrame | undefined {
    const { open } = this;
    const delta = open && NOTHING.get(open.type);
    return delta && ({ type: 'content_block_delta', index: open.index, delta } as PassedFrame);
  }

  /** @returns the frame to show now; what begins and ends the Message is shown by the presenter */
  accept(frame: JsonObject): PassedFrame | undefined {
    const { type } = frame;
    if (type === (this.form === 'stream' ? 'message_start' : 'message')) {
      this.message = this.form === 'stream' ? objectIn(frame['message']) : frame;
      return undefined;
    }
    if (!this.message || typeof type !== 'string' || !EVENT_NAME.test(type)) return undefined;
    switch (type) {
      case 'ping':
      case 'message_stop':
        return undefined;
      case 'message_delta':
        this.delta.add(objectIn(frame['delta']));
        (this.counts ??= new LatestFields()).add(objectIn(frame['usage']));
        return undefined;
      case 'content_block_start':
        this.open = {
          index: Number(frame['index']),
          type: textIn(objectIn(frame['content_block'])['type']) ?? '',
        };
        return { ...frame, type };
      case 'content_block_stop':
        this.open = undefined;
        return { ...frame, type };
      default:
        return { ...frame, type };
    }
  }
}

const NOTHING: ReadonlyMap<string, JsonObject> = new Map<string, JsonObject>([
  ['text', { type: 'text_delta', text: '' }],
  ['thinking', { type: 'thinking_delta', thinking: '' }],
  ['tool_use', { type: 'input_json_delta', partial_json: '' }],
]);
