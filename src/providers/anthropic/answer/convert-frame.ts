import { isJsonObject, type JsonObject, type JsonValue } from '../../../base/json.js';
import type { FinishReason, SpokenEvent } from '../../../text/text-event.js';
import { malformed } from '../../http/malformed.js';
import type { AnswerConverter } from '../../text/answer/answer-converter.js';
import { ContentBlocks, type BlockContext } from './content-blocks.js';
import { usageEvent } from './convert-usage.js';
import { passedFrame } from './passed-frames.js';
import { mapStopReason } from './stop-reason.js';

/** Far above the number of blocks of any answer. */
const MAX_INDEX = 65_536;

/**
 * Converts the frames of one answer to events, by their type. A whole Message is one frame with everything in it.
 * Frames and blocks of unknown types say nothing here.
 */
export class FrameConverter implements AnswerConverter {
  private readonly blocks: ContentBlocks;
  private begun = false;
  private stopped = false;
  private reason: FinishReason | undefined;
  /** Counts of the start, with those that came later in their places. */
  private usage: Record<string, JsonValue | undefined> = {};

  /** @param passes whether a client of the same wire gets the frames themselves */
  constructor(
    private readonly context: BlockContext,
    private readonly passes = false,
  ) {
    this.blocks = new ContentBlocks(context);
  }

  /** @throws UpstreamFailure for a block out of range, or a call that cannot be */
  convert(frame: JsonObject, events: SpokenEvent[]): void {
    if (this.passes) events.push({ type: 'frame', choice: 0, frame: passedFrame(frame, this.context.scope) });
    switch (frame['type']) {
      case 'message_start':
        return this.begin(frame['message'], events);
      case 'content_block_start':
        this.start(events);
        if (isJsonObject(frame['content_block']))
          this.blocks.start(indexOf(frame), frame['content_block'], events);
        return;
      case 'content_block_delta':
        this.start(events);
        if (isJsonObject(frame['delta'])) this.blocks.extend(indexOf(frame), frame['delta'], events);
        return;
      case 'content_block_stop':
        return this.blocks.stop(indexOf(frame), events);
      case 'message_delta':
        this.start(events);
        return this.change(frame, events);
      case 'message_stop':
        this.stopped = this.begun;
        return;
      case 'message':
        return this.message(frame, events);
      default:
    }
  }

  /** Whether the end was announced: by the reason of it, or by the last frame. */
  get complete(): boolean {
    return this.begun && (this.reason !== undefined || this.stopped);
  }

  get whole(): boolean {
    return this.stopped;
  }

  finish(events: SpokenEvent[]): void {
    if (!this.begun) return;
    const reason = this.reason ?? 'stop';
    this.blocks.end(events, reason === 'length' || reason === 'content_filter');
    const called = reason === 'stop' && this.blocks.called;
    events.push({ type: 'finish', choice: 0, reason: called ? 'tool_calls' : reason });
  }

  private start(events: SpokenEvent[]): void {
    if (this.begun) return;
    this.begun = true;
    events.push({ type: 'start', choice: 0 });
  }

  private begin(message: JsonValue | undefined, events: SpokenEvent[]): void {
    this.start(events);
    if (!isJsonObject(message)) return;
    this.count(message['usage']);
    if (Array.isArray(message['content'])) this.content(message['content'], events);
  }

  private message(message: JsonObject, events: SpokenEvent[]): void {
    this.begin(message, events);
    this.change({ delta: message, usage: message['usage'] }, events);
    this.stopped = true;
  }

  /** Blocks that are whole at once. */
  private content(blocks: readonly JsonValue[], events: SpokenEvent[]): void {
    blocks.forEach((block, index) => {
      if (!isJsonObject(block)) return;
      this.blocks.start(index, block, events);
      this.blocks.stop(index, events);
    });
  }

  private change({ delta, usage }: JsonObject, events: SpokenEvent[]): void {
    if (isJsonObject(delta)) this.reason = mapStopReason(delta['stop_reason']) ?? this.reason;
    if (!isJsonObject(usage)) return;
    this.count(usage);
    events.push(usageEvent(this.usage));
  }

  /** Later counts are cumulative; one that is absent or null stays as it was. */
  private count(usage: JsonValue | undefined): void {
    if (!isJsonObject(usage)) return;
    for (const [name, value] of Object.entries(usage))
      if (COUNTS.has(name) && value !== null) this.usage[name] = value;
  }
}

const COUNTS: ReadonlySet<string> = new Set([
  ...['input_tokens', 'cache_read_input_tokens', 'cache_creation_input_tokens', 'cache_creation'],
  ...['output_tokens', 'output_tokens_details', 'iterations'],
]);

function indexOf({ index }: JsonObject): number {
  if (typeof index === 'number' && Number.isInteger(index) && index >= 0 && index < MAX_INDEX) return index;
  throw malformed('a block out of range');
}
