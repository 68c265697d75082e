import type { JsonObject, JsonValue } from '../../../src/base/json.js';
import { accumulated, MessagesClient, type Message } from '../../support/messages-client.js';
import { ResponsesClient, type ResponseBody } from '../../support/responses-client.js';
import type { Said, Talk, TalkOptions } from '../messages-wire/conversations.js';

const PARAMETERS: JsonObject = { type: 'object', properties: { at: { type: 'string' } } };
const EFFORT = 'high';

/** Over the Responses API. */
export class SummedUpTalk implements Talk {
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
      reasoning: { effort: EFFORT, summary: 'auto' },
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
    return saidInResponse(response);
  }
}

function saidInResponse({ output, status, usage }: ResponseBody): Said {
  const items = output as unknown as readonly JsonObject[];
  const of = (type: string): readonly JsonObject[] => items.filter((item) => item['type'] === type);
  const textsOf = (list: readonly JsonObject[], field: string): string =>
    list
      .flatMap((item) => (item[field] ?? []) as readonly JsonObject[])
      .map(({ text }) => textIn(text))
      .join('');
  return {
    text: textsOf(of('message'), 'content'),
    reasoning: textsOf(of('reasoning'), 'summary'),
    signatures: of('reasoning').map(({ encrypted_content: signature }) => textIn(signature)),
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

/** Over the Messages API, which gives calls ids of its own. */
export class MessagesTalk implements Talk {
  private readonly messages: { role: string; content: JsonObject[] }[] = [];
  private readonly client: MessagesClient;

  constructor(private readonly options: TalkOptions) {
    const base = options.surface === '/v1' ? options.url : options.url + options.surface.replace('/v1', '');
    this.client = new MessagesClient(base, { 'x-api-key': options.key });
  }

  user(text: string, image?: string): void {
    const content: JsonObject[] = [{ type: 'text', text }];
    const [, mediaType, data] = /^data:([^;]+);base64,(.*)$/.exec(image ?? '') ?? [];
    if (mediaType !== undefined)
      content.push({ type: 'image', source: { type: 'base64', media_type: mediaType, data: data ?? '' } });
    this.say(content);
  }

  output(callId: string, text: string): void {
    this.say([{ type: 'tool_result', tool_use_id: callId, content: text }]);
  }

  async ask(schema?: JsonObject): Promise<Said> {
    const { model, stream, tools, instructions } = this.options;
    const body = {
      model,
      max_tokens: 1_000,
      system: instructions,
      messages: this.messages,
      thinking: { type: 'adaptive' },
      output_config: { effort: EFFORT, ...(schema && { format: { type: 'json_schema', schema } }) },
      tools: tools.map((name) => ({ name, input_schema: PARAMETERS })),
    };
    const message = stream ? accumulated(await this.client.frames(body)) : await this.client.message(body);
    this.messages.push({ role: 'assistant', content: message.content as unknown as JsonObject[] });
    return saidInMessage(message);
  }

  private say(content: readonly JsonObject[]): void {
    const last = this.messages.at(-1);
    if (last?.role === 'user') last.content.push(...content);
    else this.messages.push({ role: 'user', content: [...content] });
  }
}

function saidInMessage({ content, stop_reason: reason, usage }: Message): Said {
  const blocks = content as unknown as readonly JsonObject[];
  const of = (type: string): readonly JsonObject[] => blocks.filter((block) => block['type'] === type);
  const texts = (type: string, field: string): string =>
    of(type)
      .map((block) => textIn(block[field]))
      .join('');
  const calls = of('tool_use');
  const cached = Number(usage['cache_read_input_tokens']);
  return {
    text: texts('text', 'text'),
    reasoning: texts('thinking', 'thinking'),
    signatures: of('thinking').map(({ signature }) => textIn(signature)),
    calls: calls.map(({ id, name, input }) => ({
      id: textIn(id),
      name: textIn(name),
      arguments: JSON.stringify(input),
    })),
    isComplete: reason === (calls.length > 0 ? 'tool_use' : 'end_turn'),
    tokens: [
      Number(usage['input_tokens']) + cached,
      cached,
      Number(usage['output_tokens']),
      (usage['output_tokens_details'] as { thinking_tokens: number }).thinking_tokens,
    ],
  };
}

/** Empty for what is absent or null. */
function textIn(value: JsonValue | undefined): string {
  return typeof value === 'string' ? value : '';
}
