import { isJsonObject, type JsonValue } from '../../../base/json.js';
import type { SpokenEvent } from '../../../text/text-event.js';
import { unwrapInput } from '../../../text/unwrap-input.js';

export interface ToolHead {
  /** Position among the calls. */
  readonly index: number;
  readonly id: string;
  readonly name: string;
  readonly isCustom: boolean;
}

/** A call of a tool while its input comes. */
export class CalledTool {
  private hasArguments = false;
  /** The input of a custom tool is inside JSON, which says it when it is complete. */
  private wrapped: string[] = [];
  private isClosed = false;

  /** @param given the input in the block's start, where it is complete at once */
  constructor(
    private readonly head: ToolHead,
    private readonly given: JsonValue | undefined,
    events: SpokenEvent[],
  ) {
    const { index, id, name, isCustom } = head;
    events.push({
      type: 'tool_call_start',
      choice: 0,
      index,
      id,
      name,
      kind: isCustom ? 'custom' : 'function',
    });
  }

  add(piece: string, events: SpokenEvent[]): void {
    if (piece === '' || this.isClosed) return;
    this.hasArguments = true;
    if (this.head.isCustom) this.wrapped.push(piece);
    else this.say(piece, events);
  }

  /** No more input comes. */
  close(events: SpokenEvent[]): void {
    if (this.isClosed) return;
    const { given } = this;
    if (!this.hasArguments && isJsonObject(given) && Object.keys(given).length > 0)
      this.add(JSON.stringify(given), events);
    this.isClosed = true;
    if (!this.head.isCustom) return;
    const input = unwrapInput(this.wrapped.join(''));
    if (input !== '') this.say(input, events);
    this.wrapped = [];
  }

  /**
   * The answer is over. A call without arguments has empty ones.
   *
   * @param isCut whether it ended before they could come
   */
  end(events: SpokenEvent[], isCut: boolean): void {
    this.close(events);
    if (!this.hasArguments && !isCut && !this.head.isCustom) this.say('{}', events);
  }

  private say(piece: string, events: SpokenEvent[]): void {
    events.push({ type: 'tool_call_delta', choice: 0, index: this.head.index, arguments: piece });
  }
}
