import type { TextEvent } from '../../text/text-event.js';
import { ObjectEnd } from './object-end.js';
import type { BlockDelta, BlockEvent, StartedBlock } from './message-event.js';

export interface BlockOptions {
  /** The client's name for a tool. */
  readonly toolName: (name: string) => string;
  /** Whether the text of reasoning is not shown. */
  readonly omitsThinking: boolean;
  /** The signature of reasoning that its provider has not signed. */
  readonly unsigned: () => string;
}

interface Block {
  readonly start: StartedBlock;
  /** What came while an earlier block was open. */
  readonly waiting: BlockDelta[];
  /** Of the arguments of a call. */
  readonly inputEnd: ObjectEnd;
  hasDelta: boolean;
  ended: boolean;
}

const EMPTY_DELTAS: Readonly<Record<StartedBlock['type'], BlockDelta>> = {
  text: { type: 'text_delta', text: '' },
  thinking: { type: 'thinking_delta', thinking: '' },
  tool_use: { type: 'input_json_delta', partial_json: '' },
};

type Call = Extract<TextEvent, { type: 'tool_call_start' }>;

/**
 * The blocks of one Message while it grows. One block is open at a time. Some upstreams mix the pieces of several calls;
 * what belongs to a later block waits until the earlier ones have ended.
 */
export class ContentBlocks {
  /** Blocks that have not been closed; the first one is open. */
  private queue: Block[] = [];
  private closed = 0;
  private readonly calls = new Map<number, Block>();
  private isFirstOpen = false;
  /** Whether the open block has shown a signature. */
  private isSigned = false;

  constructor(
    private readonly options: BlockOptions,
    private readonly emit: (event: BlockEvent) => void,
  ) {}

  /** Whether the model has called a tool. */
  get hasCalls(): boolean {
    return this.calls.size > 0;
  }

  text(text: string): void {
    if (text !== '') this.add(this.spoken('text'), { type: 'text_delta', text });
  }

  /** Text that comes now is in a block of its own. */
  endText(): void {
    const last = this.queue.at(-1);
    if (last?.start.type !== 'text') return;
    last.ended = true;
    this.advance();
  }

  thinking(text: string): void {
    if (text === '') return;
    const block = this.spoken('thinking');
    if (!this.options.omitsThinking) this.add(block, { type: 'thinking_delta', thinking: text });
  }

  /** Ends the reasoning. */
  sign(signature: string): void {
    const block = this.spoken('thinking');
    this.add(block, { type: 'signature_delta', signature });
    block.ended = true;
    this.advance();
  }

  startCall({ index, id, name }: Call): void {
    const block = this.begin({ type: 'tool_use', id, name: this.options.toolName(name), input: {} });
    this.calls.set(index, block);
  }

  extendCall(index: number, piece: string): void {
    const block = this.calls.get(index);
    if (!block || piece === '') return;
    block.inputEnd.add(piece);
    this.add(block, { type: 'input_json_delta', partial_json: piece });
  }

  /** An empty piece of the open block: an event that says nothing. Undefined when no block is open. */
  get nothing(): BlockEvent | undefined {
    const open = this.queue[0];
    if (!open || !this.isFirstOpen) return undefined;
    return { type: 'content_block_delta', index: this.closed, delta: EMPTY_DELTAS[open.start.type] };
  }

  /** Closes all. */
  end(): void {
    for (const block of this.queue) block.ended = true;
    this.advance();
  }

  /** The last block, if it is of this kind and still grows; else a new one. */
  private spoken(type: 'text' | 'thinking'): Block {
    const last = this.queue.at(-1);
    if (last?.start.type === type && !last.ended) return last;
    return this.begin(type === 'text' ? { type, text: '' } : { type, thinking: '', signature: '' });
  }

  private begin(start: StartedBlock): Block {
    const before = this.queue.at(-1);
    if (before) before.ended ||= before.start.type !== 'tool_use' || before.inputEnd.isReached;
    const block: Block = { start, waiting: [], inputEnd: new ObjectEnd(), hasDelta: false, ended: false };
    this.queue.push(block);
    this.advance();
    return block;
  }

  private add(block: Block, delta: BlockDelta): void {
    if (block !== this.queue[0]) {
      block.waiting.push(delta);
      return;
    }
    this.show(block, delta);
  }

  /** Closes the first block for as long as it has ended, and opens the next. */
  private advance(): void {
    for (let first = this.queue[0]; first; first = this.queue[0]) {
      this.open(first);
      // A call that came whole while it waited can be followed by the next one.
      first.ended ||= this.queue.length > 1 && first.inputEnd.isReached;
      if (!first.ended) return;
      this.close(first);
    }
  }

  private open(block: Block): void {
    if (this.isFirstOpen) return;
    this.isFirstOpen = true;
    this.emit({ type: 'content_block_start', index: this.closed, content_block: block.start });
    for (const delta of block.waiting.splice(0)) this.show(block, delta);
  }

  private close(block: Block): void {
    const { type } = block.start;
    if (type === 'thinking' && !this.isSigned) {
      this.show(block, { type: 'signature_delta', signature: this.options.unsigned() });
    }
    if (!block.hasDelta && type === 'tool_use')
      this.show(block, { type: 'input_json_delta', partial_json: '' });
    this.emit({ type: 'content_block_stop', index: this.closed });
    this.closed += 1;
    this.queue.shift();
    this.isFirstOpen = false;
    this.isSigned = false;
  }

  private show(block: Block, delta: BlockDelta): void {
    block.hasDelta = true;
    if (delta.type === 'signature_delta') this.isSigned = true;
    this.emit({ type: 'content_block_delta', index: this.closed, delta });
  }
}
