import type { JsonObject } from '../../src/base/json.js';
import type { Handler } from './scripted-upstream.js';

interface Ending {
  readonly stop_reason?: string;
  readonly usage?: JsonObject;
}

const USAGE: JsonObject = { input_tokens: 10, output_tokens: 5 };

/** One frame of a stream. */
export interface Frame extends JsonObject {
  readonly type: string;
}

/** Named frames, as the Messages wire has them. */
export function namedFrames(...frames: readonly Frame[]): string {
  return frames.map((frame) => `event: ${frame.type}\ndata: ${JSON.stringify(frame)}\n\n`).join('');
}

/** A whole Message. */
export function messageOf(
  content: readonly JsonObject[],
  { stop_reason, usage = USAGE }: Ending = {},
): Frame {
  return {
    id: 'msg_upstream',
    type: 'message',
    role: 'assistant',
    model: 'upstream-model',
    content,
    stop_reason: stop_reason ?? (content.some(({ type }) => type === 'tool_use') ? 'tool_use' : 'end_turn'),
    stop_sequence: null,
    usage,
  };
}

/** The frames of the same Message. */
export function framesOf(message: JsonObject): readonly Frame[] {
  const { content, stop_reason, stop_sequence, usage } = message;
  const blocks = content as readonly JsonObject[];
  const start = {
    ...message,
    content: [],
    stop_reason: null,
    usage: { ...(usage as JsonObject), output_tokens: 1 },
  };
  return [
    { type: 'message_start', message: start },
    { type: 'ping' },
    ...blocks.flatMap(blockFrames),
    { type: 'message_delta', delta: { stop_reason, stop_sequence }, usage: usage ?? null },
    { type: 'message_stop' },
  ];
}

function blockFrames(block: JsonObject, index: number): readonly Frame[] {
  const [empty, deltas] = piecesOf(block);
  return [
    { type: 'content_block_start', index, content_block: empty },
    ...deltas.map((delta): Frame => ({ type: 'content_block_delta', index, delta })),
    { type: 'content_block_stop', index },
  ];
}

/** The block as it starts, and what follows. */
function piecesOf(block: JsonObject): [JsonObject, readonly JsonObject[]] {
  switch (block['type']) {
    case 'text':
      return [{ ...block, text: '' }, halves(block['text']).map((text) => ({ type: 'text_delta', text }))];
    case 'thinking':
      return [
        { ...block, thinking: '', signature: '' },
        [
          ...halves(block['thinking']).map((thinking) => ({ type: 'thinking_delta', thinking })),
          { type: 'signature_delta', signature: block['signature'] ?? '' },
        ],
      ];
    case 'tool_use':
      return [
        { ...block, input: {} },
        halves(JSON.stringify(block['input'])).map((piece) => ({
          type: 'input_json_delta',
          partial_json: piece,
        })),
      ];
    default:
      return [block, []];
  }
}

function halves(value: unknown): readonly string[] {
  const text = String(value);
  const middle = Math.ceil(text.length / 2);
  return [text.slice(0, middle), text.slice(middle)].filter((piece) => piece !== '');
}

/** Answers with this content, streamed or whole as the request asks. */
export function answersMessage(content: readonly JsonObject[], ending: Ending = {}): Handler {
  return (exchange) => {
    const message = messageOf(content, ending);
    if (exchange.request.body['stream'] === true) exchange.end(namedFrames(...framesOf(message)));
    else exchange.json(message);
  };
}

export function saysMessage(text: string, ending: Ending = {}): Handler {
  return answersMessage([{ type: 'text', text }], ending);
}

/** Refuses with an error of Anthropic's shape. */
export function refusesMessage(status: number, message: string, type = 'invalid_request_error'): Handler {
  return (exchange) =>
    exchange.json({ type: 'error', error: { type, message }, request_id: 'req_upstream' }, status);
}
