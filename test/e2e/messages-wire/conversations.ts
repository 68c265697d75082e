import type { JsonObject, JsonValue } from '../../../src/base/json.js';
import { ResponsesClient, type ResponseBody, type Surface } from '../../support/responses-client.js';
import { framesOf } from '../../support/sse-frames.js';

/** What an answer says, whatever API and form it came in. */
export interface Said {
  readonly text: string;
  readonly reasoning: string;
  readonly signatures: readonly string[];
  readonly calls: readonly { readonly id: string; readonly name: string; readonly arguments: string }[];
  readonly isComplete: boolean;
  readonly tokens: readonly (number | undefined)[];
}

/** One conversation with a model, over one API in one form. */
export interface Talk {
  user(text: string, image?: string): void;
  output(callId: string, text: string): void;
  /** Asks the model, and keeps its answer as a part of the conversation. */
  ask(schema?: JsonObject): Promise<Said>;
}

export interface TalkOptions {
  readonly url: string;
  readonly key: string;
  readonly surface: Surface;
  readonly stream: boolean;
  /** May change from turn to turn. */
  model: string;
  readonly instructions: string;
  /** Names of functions without parameters of their own. */
  readonly tools: readonly string[];
}

const PARAMETERS: JsonObject = { type: 'object', properties: { at: { type: 'string' } } };
const EFFORT = 'high';

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
  if (details.length > 0) message['reasoning_details'] = details;
  return { choices: [{ message, finish_reason: finish }], usage };
}

export class ResponsesTalk implements Talk {
  private input: JsonObject[] = [];
  private previous: string | undefined;
  private readonly client: ResponsesClient;

  /** @param isChained whether turns are stored here and continued by their ids, or kept by the client */
  constructor(
    private readonly options: TalkOptions,
    private readonly isChained: boolean,
  ) {
    this.client = new ResponsesClient(options.url, options.key, options.surface);
  }

  user(text: string, image?: string): void {
    const parts: JsonObject[] = [{ type: 'input_text', text }];
    if (image !== undefined) parts.push({ type: 'input_image', image_url: image, detail: 'auto' });
    this.input.push({ role: 'user', content: parts });
  }

  output(callId: string, text: string): void {
    this.input.push({ type: 'function_call_output', call_id: callId, output: text });
  }

  async ask(schema?: JsonObject): Promise<Said> {
    const { model, stream, tools, instructions } = this.options;
    const body = {
      model,
      instructions,
      input: this.input,
      store: this.isChained,
      reasoning: { effort: EFFORT },
      tools: tools.map((name) => ({ type: 'function', name, parameters: PARAMETERS })),
      ...(!this.isChained && { include: ['reasoning.encrypted_content'] }),
      ...(this.previous !== undefined && { previous_response_id: this.previous }),
      ...(schema && { text: { format: { type: 'json_schema', name: 'a', schema } } }),
    };
    const response = stream ? (await this.client.streamed(body)).response : await this.client.created(body);
    if (this.isChained) {
      this.previous = response.id;
      this.input = [];
    } else this.input.push(...(response.output as unknown as JsonObject[]));
    return saidBy(response);
  }
}

function saidBy({ output, status, usage }: ResponseBody): Said {
  const items = output as unknown as readonly JsonObject[];
  const of = (type: string): readonly JsonObject[] => items.filter((item) => item['type'] === type);
  const textsOf = (list: readonly JsonObject[]): string =>
    list
      .flatMap((item) => (item['content'] ?? []) as readonly JsonObject[])
      .map(({ text }) => textIn(text))
      .join('');
  const signed = of('reasoning').flatMap(({ encrypted_content: signature }) =>
    signature === undefined ? [] : [textIn(signature)],
  );
  return {
    text: textsOf(of('message')),
    reasoning: textsOf(of('reasoning')),
    signatures: signed,
    calls: of('function_call').map(({ call_id, name, arguments: given }) => ({
      id: textIn(call_id),
      name: textIn(name),
      arguments: textIn(given),
    })),
    isComplete: status === 'completed',
    tokens: [
      usage?.input_tokens,
      usage?.input_tokens_details.cached_tokens,
      usage?.output_tokens,
      usage?.output_tokens_details.reasoning_tokens,
    ],
  };
}

/** Empty for what is absent or null. */
function textIn(value: JsonValue | undefined): string {
  return typeof value === 'string' ? value : '';
}
