import { newId } from '../../../base/ids.js';
import { isJsonObject, type JsonObject, type JsonValue } from '../../../base/json.js';
import type { SpokenEvent } from '../../../text/text-event.js';
import { scopedSignature } from '../../../text/signature.js';
import { malformed } from '../../http/malformed.js';
import { REDACTED, SIGNED } from '../signature-kind.js';
import { CalledTool } from './called-tool.js';

/** Far above what any answer has. */
const MAX_CALLS = 1_024;
/** Of one answer. */
const MAX_CITATIONS = 10_000;

type Block =
  | { readonly kind: 'text'; readonly start: number; readonly citations: JsonValue[] }
  | { readonly kind: 'thinking'; signature: string }
  | { readonly kind: 'tool'; readonly call: CalledTool }
  /** Of a kind that is not for clients of other wires. */
  | { readonly kind: 'other' };

export interface BlockContext {
  /** Whose signatures these are. */
  readonly scope: string;
  /** Names of the tools whose input is free text. */
  readonly customTools: ReadonlySet<string>;
}

/**
 * The content of an answer, block by block. Blocks come one after the other, but nothing is lost if they do not: each
 * delta costs constant work, and what comes for a block that never began is taken for what its type says.
 */
export class ContentBlocks {
  /** The blocks that have not stopped. */
  private readonly open = new Map<number, Block>();
  private readonly calls: CalledTool[] = [];
  private readonly ids = new Set<string>();
  private textLength = 0;
  private citations = 0;

  constructor(private readonly context: BlockContext) {}

  /** Whether the model called a tool. */
  get called(): boolean {
    return this.calls.length > 0;
  }

  /** @throws UpstreamFailure for too many calls, or a call without a name */
  start(index: number, block: JsonObject, events: SpokenEvent[]): void {
    this.stop(index, events);
    switch (block['type']) {
      case 'text':
        this.open.set(index, { kind: 'text', start: this.textLength, citations: [] });
        this.text(block['text'], events);
        if (Array.isArray(block['citations']))
          for (const citation of block['citations'] as readonly JsonValue[]) this.cite(index, citation);
        return;
      case 'thinking':
        this.open.set(index, { kind: 'thinking', signature: string(block['signature']) });
        return this.think(block['thinking'], events);
      case 'redacted_thinking':
        this.sign(REDACTED, string(block['data']), events);
        return void this.open.set(index, { kind: 'other' });
      case 'tool_use':
        return void this.open.set(index, { kind: 'tool', call: this.call(block, events) });
      default:
        this.open.set(index, { kind: 'other' });
    }
  }

  extend(index: number, delta: JsonObject, events: SpokenEvent[]): void {
    const block = this.open.get(index);
    switch (delta['type']) {
      case 'text_delta':
        return this.text(delta['text'], events);
      case 'thinking_delta':
        return this.think(delta['thinking'], events);
      case 'signature_delta':
        if (block?.kind === 'thinking') block.signature = string(delta['signature']);
        return;
      case 'input_json_delta':
        if (block?.kind === 'tool') block.call.add(string(delta['partial_json']), events);
        return;
      case 'citations_delta':
        return this.cite(index, delta['citation']);
      default:
    }
  }

  stop(index: number, events: SpokenEvent[]): void {
    const block = this.open.get(index);
    if (!block) return;
    this.open.delete(index);
    if (block.kind === 'thinking') this.sign(SIGNED, block.signature, events);
    else if (block.kind === 'tool') block.call.close(events);
    else if (block.kind === 'text') this.annotate(block, events);
  }

  /** @param isCut whether the answer ended before the model had */
  end(events: SpokenEvent[], isCut: boolean): void {
    for (const index of [...this.open.keys()]) this.stop(index, events);
    for (const call of this.calls) call.end(events, isCut);
  }

  private text(value: JsonValue | undefined, events: SpokenEvent[]): void {
    const text = string(value);
    if (text === '') return;
    this.textLength += text.length;
    events.push({ type: 'text', choice: 0, text });
  }

  private think(value: JsonValue | undefined, events: SpokenEvent[]): void {
    const text = string(value);
    if (text !== '') events.push({ type: 'reasoning', choice: 0, text });
  }

  private sign(kind: string, own: string, events: SpokenEvent[]): void {
    if (own === '') return;
    const signature = scopedSignature(this.context.scope, kind + own);
    events.push({ type: 'reasoning_signature', choice: 0, signature });
  }

  private call(block: JsonObject, events: SpokenEvent[]): CalledTool {
    const name = string(block['name']);
    if (name === '') throw malformed('a tool call without a name');
    if (this.calls.length >= MAX_CALLS) throw malformed('too many tool calls');
    const own = string(block['id']);
    const id = own === '' || this.ids.has(own) ? newId('call') : own;
    this.ids.add(id);
    const isCustom = this.context.customTools.has(name);
    const call = new CalledTool({ index: this.calls.length, id, name, isCustom }, block['input'], events);
    this.calls.push(call);
    return call;
  }

  private cite(index: number, citation: JsonValue | undefined): void {
    const block = this.open.get(index);
    if (block?.kind !== 'text' || citation === undefined || this.citations >= MAX_CITATIONS) return;
    this.citations += 1;
    block.citations.push(citation);
  }

  /** Other citations are places in the client's own documents, for which other wires have no form. */
  private annotate({ start, citations }: Extract<Block, { kind: 'text' }>, events: SpokenEvent[]): void {
    for (const citation of citations) {
      if (!isJsonObject(citation) || citation['type'] !== 'web_search_result_location') continue;
      const url = string(citation['url']);
      if (url === '') continue;
      const span = { start_index: start, end_index: this.textLength };
      const cited = { ...span, url, title: string(citation['title']) };
      events.push({
        type: 'annotation',
        choice: 0,
        annotation: { type: 'url_citation', url_citation: cited },
      });
    }
  }
}

function string(value: JsonValue | undefined): string {
  return typeof value === 'string' ? value : '';
}
