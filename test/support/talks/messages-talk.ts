import type { JsonObject } from '../../../src/base/json.js';
import { accumulated, MessagesClient, type Message } from '../messages-client.js';
import { EFFORT, PARAMETERS, type Said, type Talk, type TalkOptions, textIn, textsIn } from './talk.js';

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
    return saidIn(message);
  }

  private say(content: readonly JsonObject[]): void {
    const last = this.messages.at(-1);
    if (last?.role === 'user') last.content.push(...content);
    else this.messages.push({ role: 'user', content: [...content] });
  }
}

function saidIn({ content, stop_reason: reason, usage }: Message): Said {
  const blocks = content as unknown as readonly JsonObject[];
  const of = (type: string): readonly JsonObject[] => blocks.filter((block) => block['type'] === type);
  const calls = of('tool_use');
  const cached = Number(usage['cache_read_input_tokens'] ?? 0);
  return {
    text: textsIn(of('text'), 'text'),
    reasoning: textsIn(of('thinking'), 'thinking'),
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
      (usage['output_tokens_details'] as { thinking_tokens: number } | undefined)?.thinking_tokens,
    ],
  };
}
