import type { JsonObject, JsonValue } from '../../src/base/json.js';
import type { Handler } from './scripted-upstream.js';

/** An event of the wire, without its number. */
export interface WireEvent extends JsonObject {
  readonly type: string;
}

/** Frames as OpenAI sends them: each with its name, numbered from 0, and nothing at the end. */
export function wireFrames(...events: readonly WireEvent[]): string {
  return events
    .map((event, sequence_number) => {
      const data = JSON.stringify({ ...event, sequence_number });
      return `event: ${event.type}\ndata: ${data}\n\n`;
    })
    .join('');
}

/** A Response of an upstream that has ended with this output. */
export function wireResponse(output: readonly JsonObject[], fields: JsonObject = {}): JsonObject {
  return {
    id: 'resp_upstream',
    object: 'response',
    created_at: 1_700_000_000,
    status: 'completed',
    background: false,
    error: null,
    incomplete_details: null,
    model: 'upstream-model',
    output,
    store: false,
    usage: {
      input_tokens: 10,
      input_tokens_details: { cached_tokens: 0 },
      output_tokens: 5,
      output_tokens_details: { reasoning_tokens: 0 },
      total_tokens: 15,
    },
    ...fields,
  };
}

export function messageItem(...content: readonly JsonObject[]): JsonObject {
  return { id: 'msg_up', type: 'message', status: 'completed', role: 'assistant', content };
}

export function textPart(text: string, annotations: readonly JsonObject[] = []): JsonObject {
  return { type: 'output_text', text, annotations, logprobs: [] };
}

export function callItem(call_id: string, name: string, args: string): JsonObject {
  return {
    id: `fc_${call_id}`,
    type: 'function_call',
    status: 'completed',
    call_id,
    name,
    arguments: args,
  };
}

export function customCallItem(call_id: string, name: string, input: string): JsonObject {
  return { id: `ctc_${call_id}`, type: 'custom_tool_call', status: 'completed', call_id, name, input };
}

export function reasoningItem(encrypted_content: string | null, ...summary: readonly string[]): JsonObject {
  return {
    id: 'rs_up',
    type: 'reasoning',
    summary: summary.map((text) => ({ type: 'summary_text', text })),
    encrypted_content,
  };
}

/** The stream that ends with this Response: each text in two pieces. */
export function eventsOf(response: JsonObject): readonly WireEvent[] {
  const running = { ...response, status: 'in_progress', output: [], usage: null, incomplete_details: null };
  const output = response['output'] as readonly JsonObject[];
  return [
    { type: 'response.created', response: running },
    { type: 'response.in_progress', response: running },
    ...output.flatMap(itemEvents),
    { type: `response.${response['status'] as string}`, response },
  ];
}

function itemEvents(item: JsonObject, output_index: number): readonly WireEvent[] {
  const place = { item_id: item['id'], output_index };
  const ended: WireEvent = { type: 'response.output_item.done', output_index, item };
  const begun = (fields: JsonObject): WireEvent => ({
    type: 'response.output_item.added',
    output_index,
    item: { ...item, ...('status' in item && { status: 'in_progress' }), ...fields },
  });
  switch (item['type']) {
    case 'message':
      return [begun({ content: [] }), ...contentEvents(item, place), ended];
    case 'reasoning':
      return [begun({ summary: [] }), ...summaryEvents(item, place), ended];
    case 'function_call':
    case 'custom_tool_call': {
      const isFunction = item['type'] === 'function_call';
      const field = isFunction ? 'arguments' : 'input';
      const name = isFunction ? 'response.function_call_arguments' : 'response.custom_tool_call_input';
      const text = item[field] as string;
      const pieces = halves(text).map((delta) => ({ type: `${name}.delta`, ...place, delta }));
      return [begun({ [field]: '' }), ...pieces, { type: `${name}.done`, ...place, [field]: text }, ended];
    }
    default:
      return [begun({}), ended];
  }
}

function contentEvents(item: JsonObject, place: JsonObject): readonly WireEvent[] {
  return (item['content'] as readonly JsonObject[]).flatMap((part, content_index) => {
    const here = { ...place, content_index };
    const isText = part['type'] === 'output_text';
    const field = isText ? 'text' : 'refusal';
    const name = isText ? 'response.output_text' : 'response.refusal';
    const text = part[field] as string;
    const annotations = (part['annotations'] ?? []) as readonly JsonObject[];
    const added = { type: 'response.output_text.annotation.added', ...here };
    return [
      { type: 'response.content_part.added', ...here, part: { ...part, [field]: '' } },
      ...halves(text).map((delta) => ({ type: `${name}.delta`, ...here, delta })),
      ...annotations.map((annotation, annotation_index) => ({ ...added, annotation_index, annotation })),
      { type: `${name}.done`, ...here, [field]: text },
      { type: 'response.content_part.done', ...here, part },
    ];
  });
}

function summaryEvents(item: JsonObject, place: JsonObject): readonly WireEvent[] {
  return (item['summary'] as readonly JsonObject[]).flatMap((part, summary_index) => {
    const here = { ...place, summary_index };
    const text = part['text'] as string;
    const name = 'response.reasoning_summary_text';
    return [
      { type: 'response.reasoning_summary_part.added', ...here, part: { ...part, text: '' } },
      ...halves(text).map((delta) => ({ type: `${name}.delta`, ...here, delta })),
      { type: `${name}.done`, ...here, text },
      { type: 'response.reasoning_summary_part.done', ...here, part },
    ];
  });
}

function halves(text: string): readonly string[] {
  const middle = Math.ceil(text.length / 2);
  return [text.slice(0, middle), text.slice(middle)].filter((half) => half !== '');
}

/** Answers with this Response, streamed or whole as the request asks. */
export function answersResponse(output: readonly JsonObject[], fields: JsonObject = {}): Handler {
  const response = wireResponse(output, fields);
  return (exchange) => {
    if (exchange.request.body['stream'] === true) exchange.end(wireFrames(...eventsOf(response)));
    else exchange.json(response);
  };
}

export function saysResponse(text: string): Handler {
  return answersResponse([messageItem(textPart(text))]);
}

/** Refuses as OpenAI does. */
export function refusesResponse(status: number, error: Readonly<Record<string, JsonValue>>): Handler {
  return (exchange) =>
    exchange.json(
      {
        error: { message: 'upstream text', type: 'invalid_request_error', param: null, code: null, ...error },
      },
      status,
    );
}
