import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type {
  Content as SdkContent,
  FunctionCallingConfig as SdkCallingConfig,
  FunctionDeclaration as SdkDeclaration,
  GenerateContentConfig,
  GenerateContentResponse,
} from '@google/genai';
import { GoogleGenAI } from '@google/genai';
import type { JsonObject } from '../../../src/base/json.js';
import type {
  Content,
  FunctionCallingConfig,
  FunctionDeclaration,
  GenerateContentBody,
  GenerationConfig,
} from '../../../src/providers/google/wire.js';
import { geminiFrame, geminiSays } from '../../support/gemini-wire.js';
import { expectedOf, RECORDED_GEMINI, replayed, statusOf } from '../../support/recorded-answers.js';
import { type ScriptedUpstream, startScriptedUpstream } from '../../support/scripted-upstream.js';
import { bodyOf, MODEL, signed } from './gemini-fixture.js';
import type { JoinedAnswer } from '../joined-answer.js';

/** The SDK's types with plain words in place of its enumerations, as JSON has them. */
type Plain<Type> = Type extends string
  ? `${Type}`
  : Type extends readonly (infer Item)[]
    ? readonly Plain<Item>[]
    : Type extends object
      ? { readonly [Field in keyof Type]: Plain<Type[Field]> }
      : Type;

// What is assigned here does not compile when a name or a type differs from the SDK's.
const contents = (body: GenerateContentBody): Plain<readonly SdkContent[]> => body.contents;
const content = (ours: Content): Plain<SdkContent> => ours;
const declaration = (ours: FunctionDeclaration): Plain<SdkDeclaration> => ours;
const calling = (ours: FunctionCallingConfig): Plain<SdkCallingConfig> => ours;
const config = (ours: GenerationConfig): Plain<GenerateContentConfig> => ours;

let upstream: ScriptedUpstream;
let sdk: GoogleGenAI;

beforeAll(async () => {
  upstream = await startScriptedUpstream();
  sdk = new GoogleGenAI({ apiKey: 'k', httpOptions: { baseUrl: new URL(upstream.url).origin } });
});
afterAll(() => upstream.close());

const tool = { type: 'function', function: { name: 'f', parameters: { type: 'object', properties: {} } } };
const CHAT: JsonObject = {
  tools: [tool],
  tool_choice: 'required',
  temperature: 0.5,
  stop: ['x'],
  reasoning_effort: 'low',
  messages: [
    { role: 'system', content: 'Be brief.' },
    { role: 'user', content: 'Hi' },
    {
      role: 'assistant',
      content: null,
      tool_calls: [
        { id: 'a', type: 'function', function: { name: 'f', arguments: '{"x":1}' }, ...signed('U0lH') },
      ],
    },
    { role: 'tool', tool_call_id: 'a', content: 'y' },
  ],
};

async function ask(stream: boolean, body: GenerateContentBody = bodyOf(CHAT)): Promise<string> {
  const { generationConfig, systemInstruction, tools, toolConfig } = body;
  const request = {
    model: MODEL,
    contents: body.contents,
    config: { ...generationConfig, systemInstruction, tools, toolConfig },
  } as unknown as Parameters<typeof sdk.models.generateContent>[0];
  const shown: GenerateContentResponse[] = [];
  if (!stream) shown.push(await sdk.models.generateContent(request));
  else for await (const chunk of await sdk.models.generateContentStream(request)) shown.push(chunk);
  return shown.map((response) => textIn(response)).join('');
}

/** Its own `text` warns of parts of other kinds. */
function textIn({ candidates }: GenerateContentResponse): string {
  const parts = candidates?.[0]?.content?.parts ?? [];
  return parts.map(({ text = '', thought }) => (thought ? '' : text)).join('');
}

describe("Google's own client", () => {
  it('sends the same body as the gateway', async () => {
    const body = bodyOf(CHAT);
    upstream.next(geminiSays([{ text: 'Hello' }]));
    expect(await ask(false, body)).toBe('Hello');
    const { body: sent, path } = upstream.requests.at(-1)!;
    expect(path).toBe(`/v1beta/models/${MODEL}:generateContent`);
    const { systemInstruction, ...rest } = sent;
    expect(rest).toEqual({ ...body, systemInstruction: undefined });
    expect(systemInstruction).toMatchObject({ ...body.systemInstruction });
  });

  it('has types that fit what the gateway sends', () => {
    const body = bodyOf(CHAT);
    expect(contents(body)).toEqual(body.contents.map(content));
    expect(declaration({ name: 'f' })).toEqual({ name: 'f' });
    expect(calling({ mode: 'ANY' })).toEqual({ mode: 'ANY' });
    expect(config(body.generationConfig ?? {})).toEqual(body.generationConfig);
  });

  const readable = RECORDED_GEMINI.filter((name) => statusOf(name) === 200 && !name.includes('/proxy-'));

  it.each(readable)('reads %s as the gateway does', async (name) => {
    upstream.next(replayed(name));
    const { text = '' } = expectedOf(name) as JoinedAnswer;
    const shown = ask(name.endsWith('.sse'));
    if (name.includes('error-in-stream')) await expect(shown).rejects.toThrow();
    // It takes an answer that fails, or that was cut off, for an answer.
    else expect(await shown).toBe(text);
  });

  it('streams what the script of the other tests says', async () => {
    upstream.next(geminiSays([{ text: 'Hel' }, { text: 'lo' }]));
    expect(await ask(true)).toBe('Hello');
    expect(geminiFrame([{ text: 'a' }], 'STOP')).toMatchObject({ candidates: [{ finishReason: 'STOP' }] });
  });
});
