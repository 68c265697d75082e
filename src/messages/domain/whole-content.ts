import { isJsonObject, type JsonObject, type JsonValue } from '../../base/json.js';
import type { BlockDelta, BlockEvent, StartedBlock } from './message-event.js';

/** The content of a whole Message, gathered from the events of its stream. */
export class WholeContent {
  private readonly blocks: { readonly start: StartedBlock; text: string; signature: string }[] = [];

  add(event: BlockEvent): void {
    if (event.type === 'content_block_start')
      this.blocks.push({ start: event.content_block, text: '', signature: '' });
    else if (event.type === 'content_block_delta') this.extend(event.delta);
  }

  toJson(): readonly JsonObject[] {
    return this.blocks.map(({ start, text, signature }) => {
      switch (start.type) {
        case 'text':
          return { type: 'text', text };
        case 'thinking':
          return { type: 'thinking', thinking: text, signature };
        case 'tool_use':
          return { ...start, input: inputOf(text) };
      }
    });
  }

  private extend(delta: BlockDelta): void {
    const block = this.blocks.at(-1);
    if (!block) return;
    if (delta.type === 'signature_delta') block.signature = delta.signature;
    else if (delta.type === 'text_delta') block.text += delta.text;
    else if (delta.type === 'thinking_delta') block.text += delta.thinking;
    else block.text += delta.partial_json;
  }
}

/** Arguments that are no object are kept as they came. */
function inputOf(text: string): JsonObject {
  if (text.trim() === '') return {};
  try {
    const value = JSON.parse(text) as JsonValue;
    if (isJsonObject(value)) return value;
  } catch {
    // Shown as text.
  }
  return { _unparsed: text };
}
