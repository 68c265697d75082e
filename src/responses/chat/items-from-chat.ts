import { isJsonObject, type JsonObject, type JsonValue } from '../../base/json.js';
import { readDetails } from '../../text/chat-wire/reasoning-details.js';
import type { ReasoningPart } from '../../text/prompt.js';
import { objectsIn, pick, textIn } from '../../base/json-fields.js';

/** Converts chat messages to input items. Calls of the older functions have no ids, so each gets one. */
export function itemsFromChat(
  messages: readonly JsonObject[],
  newCallId: () => string,
): readonly JsonObject[] {
  return new MessageConverter(newCallId).convert(messages);
}

class MessageConverter {
  private readonly customCalls = new Set<string>();
  private lastFunctionCall: string | undefined;

  constructor(private readonly newCallId: () => string) {}

  convert(messages: readonly JsonObject[]): readonly JsonObject[] {
    return messages.flatMap((message) => this.itemsOf(message));
  }

  private itemsOf(message: JsonObject): readonly JsonObject[] {
    const { role, content } = message;
    if (role === 'assistant') return this.ofAssistant(message);
    if (role === 'tool') return [this.output(textIn(message['tool_call_id']) ?? '', content)];
    if (role === 'function') return [this.output(this.lastFunctionCall ?? this.newCallId(), content)];
    return [{ type: 'message', role, content: inputContent(content) }];
  }

  private ofAssistant(message: JsonObject): readonly JsonObject[] {
    const { function_call: called } = message;
    const parts = saidParts(message);
    return [
      ...reasoningItems(message),
      ...(parts.length === 0 ? [] : [{ type: 'message', role: 'assistant', content: parts }]),
      ...objectsIn(message['tool_calls']).map((call) => this.call(call)),
      ...(isJsonObject(called) ? [this.functionCall(called)] : []),
    ];
  }

  private call({ id, function: called, custom }: JsonObject): JsonObject {
    const call_id = textIn(id) ?? '';
    if (!isJsonObject(custom))
      return {
        type: 'function_call',
        call_id,
        ...(isJsonObject(called) && pick(called, ['name', 'arguments'])),
      };
    this.customCalls.add(call_id);
    return { type: 'custom_tool_call', call_id, ...pick(custom, ['name', 'input']) };
  }

  private functionCall(called: JsonObject): JsonObject {
    this.lastFunctionCall = this.newCallId();
    return { type: 'function_call', call_id: this.lastFunctionCall, ...pick(called, ['name', 'arguments']) };
  }

  private output(call_id: string, content: JsonValue | undefined): JsonObject {
    const type = this.customCalls.has(call_id) ? 'custom_tool_call_output' : 'function_call_output';
    return { type, call_id, output: inputContent(content) };
  }
}

function reasoningItems({
  reasoning_content: said,
  reasoning_details: details,
}: JsonObject): readonly JsonObject[] {
  const signedParts = readDetails(details);
  const parts: readonly ReasoningPart[] =
    signedParts.length > 0 ? signedParts : [{ type: 'reasoning', text: textIn(said) ?? '' }];
  return parts.flatMap(({ text, signature }) =>
    text === '' && signature === undefined
      ? []
      : {
          type: 'reasoning',
          summary: [],
          ...(text !== '' && { content: [{ type: 'reasoning_text', text }] }),
          ...(signature !== undefined && { encrypted_content: signature }),
        },
  );
}

function saidParts({ content, refusal }: JsonObject): readonly JsonObject[] {
  const said =
    typeof content === 'string'
      ? [spoken(content)]
      : objectsIn(content).map((part) =>
          part['type'] === 'refusal' ? pick(part, ['type', 'refusal']) : spoken(textIn(part['text']) ?? ''),
        );
  return typeof refusal === 'string' ? [...said, { type: 'refusal', refusal }] : said;
}

function spoken(text: string): JsonObject {
  return { type: 'output_text', text, annotations: [], logprobs: [] };
}

function inputContent(content: JsonValue | undefined): JsonValue {
  if (Array.isArray(content)) return objectsIn(content).map(inputPart);
  return textIn(content) ?? '';
}

function inputPart(part: JsonObject): JsonObject {
  const { type, image_url: image, file } = part;
  if (type === 'text') return { type: 'input_text', text: part['text'] };
  if (type === 'image_url' && isJsonObject(image))
    return { type: 'input_image', image_url: image['url'], detail: image['detail'] ?? 'auto' };
  if (type === 'file' && isJsonObject(file))
    return { type: 'input_file', ...pick(file, ['filename', 'file_data']) };
  return part;
}
