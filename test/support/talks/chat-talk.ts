import type { JsonObject } from '../../../src/base/json.js';
import { framesOf } from '../sse-frames.js';
import { EFFORT, PARAMETERS, type Said, type Talk, type TalkOptions, textIn } from './talk.js';

/** Over chat completions. */
export class ChatTalk implements Talk {
  private readonly messages: JsonObject[];

  constructor(private readonly options: TalkOptions) {
    this.messages = [{ role: 'system', content: options.instructions }];
  }

  user(text: string, image?: string): void {
    const parts: JsonObject[] = [{ type: 'text', text }];
    if (image !== undefined) parts.push({ type: 'image_url', image_url: { url: image } });
    this.messages.push({ role: 'user', content: parts });
  }

  output(callId: string, text: string): void {
    this.messages.push({ role: 'tool', tool_call_id: callId, content: text });
  }

  async ask(schema?: JsonObject): Promise<Said> {
    const { url, key, surface, stream, model, tools } = this.options;
    const answer = await fetch(`${url}${surface}/chat/completions`, {
      method: 'POST',
      headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
      body: JSON.stringify({
        model,
        stream,
        ...(stream && { stream_options: { include_usage: true } }),
        messages: this.messages,
        reasoning_effort: EFFORT,
        tools: tools.map((name) => ({ type: 'function', function: { name, parameters: PARAMETERS } })),
        ...(schema && { response_format: { type: 'json_schema', json_schema: { name: 'a', schema } } }),
      }),
    });
    const text = await answer.text();
    if (answer.status !== 200) throw new Error(`${answer.status} ${text}`);
    const { choices, usage } = (stream ? joined(text) : JSON.parse(text)) as Completion;
    const [{ message, finish_reason: finish } = { message: {}, finish_reason: '' }] = choices;
    this.messages.push(message);
    const calls = (message['tool_calls'] ?? []) as unknown as readonly { id: string; function: Called }[];
    const details = (message['reasoning_details'] ?? []) as readonly JsonObject[];
    return {
      text: textIn(message['content']),
      reasoning: textIn(message['reasoning_content']),
      signatures: details.map(({ signature, data }) => textIn(signature ?? data)),
      calls: calls.map(({ id, function: called }) => ({
        id,
        name: called.name,
        arguments: called.arguments,
      })),
      isComplete: finish === (calls.length > 0 ? 'tool_calls' : 'stop'),
      tokens: [
        usage.prompt_tokens,
        usage.prompt_tokens_details?.cached_tokens,
        usage.completion_tokens,
        usage.completion_tokens_details?.reasoning_tokens,
      ],
    };
  }
}

interface Called {
  readonly name: string;
  readonly arguments: string;
}

interface Completion {
  readonly choices: readonly { readonly message: JsonObject; readonly finish_reason: string }[];
  readonly usage: {
    readonly prompt_tokens: number;
    readonly completion_tokens: number;
    readonly prompt_tokens_details?: { readonly cached_tokens: number };
    readonly completion_tokens_details?: { readonly reasoning_tokens: number };
  };
}

/** A streamed completion, as clients join its deltas. */
function joined(stream: string): unknown {
  const message: Record<string, unknown> = { role: 'assistant', content: null };
  const calls: { id: string; type: string; function: { name: string; arguments: string } }[] = [];
  const details: unknown[] = [];
  let usage: unknown;
  let finish: unknown;
  for (const { data, event } of framesOf(stream)) {
    if (typeof data === 'string' || event !== undefined) continue;
    const chunk = data as {
      choices: readonly { delta: JsonObject; finish_reason: unknown }[];
      usage?: unknown;
    };
    usage = chunk.usage ?? usage;
    for (const { delta, finish_reason: reason } of chunk.choices) {
      finish = reason ?? finish;
      for (const field of ['content', 'reasoning_content'])
        if (typeof delta[field] === 'string' && delta[field] !== '')
          message[field] = `${(message[field] as string | null | undefined) ?? ''}${delta[field]}`;
      details.push(...((delta['reasoning_details'] ?? []) as readonly unknown[]));
      for (const piece of (delta['tool_calls'] ?? []) as unknown as readonly ((typeof calls)[number] & {
        index: number;
      })[]) {
        const known = calls[piece.index];
        if (known) known.function.arguments += piece.function.arguments;
        else calls[piece.index] = { id: piece.id, type: piece.type, function: { ...piece.function } };
      }
    }
  }
  if (calls.length > 0) message['tool_calls'] = calls;
  else message['content'] ??= '';
  if (details.length > 0) message['reasoning_details'] = details;
  return { choices: [{ message, finish_reason: finish }], usage };
}
