import type { JsonObject } from '../../../src/base/json.js';
import { objectsIn } from '../../../src/base/json-fields.js';
import { ResponsesClient, type ResponseBody } from '../responses-client.js';
import { EFFORT, PARAMETERS, type Said, type Talk, type TalkOptions, textIn, textsIn } from './talk.js';

/** Over the Responses API. */
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
    return saidIn(response);
  }
}

function saidIn({ output, status, usage }: ResponseBody): Said {
  const items = output as unknown as readonly JsonObject[];
  const of = (type: string): readonly JsonObject[] => items.filter((item) => item['type'] === type);
  const parts = (type: string, field: string): readonly JsonObject[] =>
    of(type).flatMap((item) => objectsIn(item[field]));
  return {
    text: textsIn(parts('message', 'content'), 'text'),
    reasoning: textsIn([...parts('reasoning', 'summary'), ...parts('reasoning', 'content')], 'text'),
    signatures: of('reasoning').flatMap(({ encrypted_content: signature }) =>
      typeof signature === 'string' ? [signature] : [],
    ),
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
