import type { JsonObject } from '../../base/json.js';
import { objectIn } from '../../base/json-fields.js';
import { NO_USAGE, type Usage } from '../../base/money/usage.js';
import type { FinishReason, TextEvent } from '../../text/text-event.js';
import { scopedSignature } from '../../text/signature.js';
import { ContentBlocks, type BlockOptions } from './content-blocks.js';
import type { BlockEvent, StopReason } from './message-event.js';
import { PassedMessage, type PassedForm, type PassedFrame } from './passed-message.js';
import { messageUsage } from './usage.js';

/** An event of a stream between the beginning and the end of its Message. */
type ShownEvent = BlockEvent | PassedFrame;

export interface MessageHead {
  readonly id: string;
  /** The name that was asked for. */
  readonly model: string;
  /** A count of the input, for clients that take their context's size from the beginning of a stream; at least 1. */
  readonly inputTokens: number;
}

/** How the Message ended. */
export interface MessageEnd {
  readonly stop_reason: StopReason;
  readonly stop_sequence: null;
  readonly stop_details: JsonObject | null;
}

const STOP_REASONS = {
  stop: 'end_turn',
  length: 'max_tokens',
  tool_calls: 'tool_use',
  function_call: 'tool_use',
  content_filter: 'refusal',
} as const satisfies Record<FinishReason, StopReason>;

type UsageEvent = Extract<TextEvent, { type: 'usage' }>;

/** Turns the events of an upstream into those of a Message, streamed or whole. Only the first choice is shown. */
export class MessageReducer {
  private readonly blocks: ContentBlocks;
  private events: BlockEvent[] = [];
  private reason: FinishReason = 'stop';
  private reported: UsageEvent | undefined;
  private provider = '';
  private readonly passed: PassedMessage;

  /** @param form in which frames of the same wire are shown as they come; in the other form they are put together */
  constructor(
    private readonly head: MessageHead,
    options: Omit<BlockOptions, 'unsigned'>,
    form: PassedForm = 'stream',
  ) {
    this.passed = new PassedMessage(form);
    const unsigned = (): string => scopedSignature(this.provider, '');
    this.blocks = new ContentBlocks({ ...options, unsigned }, (event) => this.events.push(event));
  }

  /** With the finish of the answer all blocks end. */
  accept(event: TextEvent): readonly ShownEvent[] {
    if (event.type === 'frame') return this.pass(event.frame);
    if (event.type === 'opened') this.provider = event.scope ?? event.provider;
    else if (event.type === 'usage') this.reported = event;
    else if (event.choice === 0 && !this.passed.begun) this.say(event);
    return this.take();
  }

  private pass(frame: JsonObject): readonly PassedFrame[] {
    const shown = this.passed.accept(frame);
    return shown ? [shown] : [];
  }

  /** The content of a whole Message that was passed; undefined where it was put together here. */
  get content(): JsonObject['content'] {
    return this.passed.begun?.['content'];
  }

  /** An event that says nothing, while a block is open. */
  get nothing(): ShownEvent | undefined {
    return this.passed.begun ? this.passed.nothing : this.blocks.nothing;
  }

  /** The Message before it says anything. */
  get begun(): JsonObject {
    const known = this.reported;
    const usage: Usage = {
      ...(known?.usage ?? { ...NO_USAGE, inputTokens: this.head.inputTokens }),
      outputTokens: 0,
      reasoningTokens: 0,
    };
    const { id, model } = this.head;
    const { begun } = this.passed;
    if (begun) return { ...begun, id, model };
    return {
      id,
      type: 'message',
      role: 'assistant',
      model,
      content: [],
      stop_reason: null,
      stop_sequence: null,
      stop_details: null,
      container: null,
      usage: messageUsage(usage, false),
    };
  }

  /** To be asked for at the end. A call decides, unless the answer was cut off. */
  get ending(): MessageEnd | JsonObject {
    if (this.passed.begun) return this.passed.ending;
    const said = STOP_REASONS[this.reason];
    const reason = this.blocks.hasCalls && said !== 'max_tokens' ? 'tool_use' : said;
    const details = reason === 'refusal' ? { type: 'refusal', category: null, explanation: null } : null;
    return { stop_reason: reason, stop_sequence: null, stop_details: details };
  }

  /** To be asked for at the end. */
  get usage(): JsonObject {
    if (this.passed.begun) return this.passed.usage ?? objectIn(this.passed.begun['usage']);
    const { usage = { ...NO_USAGE, inputTokens: this.head.inputTokens }, estimated = false } =
      this.reported ?? {};
    return messageUsage(usage, estimated);
  }

  private say(event: Exclude<TextEvent, { type: 'frame' | 'opened' | 'usage' }>): void {
    switch (event.type) {
      case 'text':
      case 'refusal':
        return this.blocks.text(event.text);
      case 'reasoning':
      case 'reasoning_summary':
        return this.blocks.thinking(event.text);
      case 'reasoning_signature':
        return this.blocks.sign(event.signature);
      case 'tool_call_start':
        return this.blocks.startCall(event);
      case 'tool_call_delta':
        return this.blocks.extendCall(event.index, event.arguments);
      case 'finish':
        this.reason = event.reason;
        return this.blocks.end();
      case 'message':
        return this.blocks.endText();
      case 'start':
      case 'item_start':
      case 'item_stage':
      case 'item_end':
      case 'annotation':
        return;
    }
  }

  private take(): readonly BlockEvent[] {
    const { events } = this;
    this.events = [];
    return events;
  }
}
