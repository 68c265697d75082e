import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import OpenAI from 'openai';
import type { ChatCompletion } from 'openai/resources/chat/completions';
import { expectedOf, RECORDED, replayed, statusOf } from '../../support/recorded-answers.js';
import { startScriptedUpstream, type ScriptedUpstream } from '../../support/scripted-upstream.js';
import type { JoinedAnswer } from '../joined-answer.js';

let upstream: ScriptedUpstream;
let client: OpenAI;

beforeAll(async () => {
  upstream = await startScriptedUpstream();
  client = new OpenAI({ baseURL: upstream.url, apiKey: 'k', maxRetries: 0 });
});
afterAll(() => upstream.close());

function ask(name: string): Promise<ChatCompletion> {
  upstream.next(replayed(name));
  const request = { model: 'gpt', messages: [{ role: 'user' as const, content: 'Hi' }] };
  return name.endsWith('.sse')
    ? client.chat.completions.stream(request).finalChatCompletion()
    : client.chat.completions.create(request);
}

/** What OpenAI's own client reads, in our terms. */
function readBy({ choices, usage }: ChatCompletion): object {
  const message = choices[0]?.message;
  return {
    text: message?.content ?? '',
    calls: (message?.tool_calls ?? []).flatMap((call) =>
      call.type === 'function' ? { name: call.function.name, arguments: call.function.arguments } : [],
    ),
    output: usage?.completion_tokens,
  };
}

function expectedBy({ text = '', tool_calls: calls = [], usage }: JoinedAnswer): object {
  return {
    text,
    calls: calls.map(({ name, arguments: given }) => ({ name, arguments: given })),
    output: usage?.['outputTokens'],
  };
}

/** Of OpenAI itself, and as Azure serves it; the others are known for what they do in their own way. */
const ofOpenAi = RECORDED.filter((name) => name.startsWith('openai-') || name.startsWith('azure-'));
/** The client takes what keeps the connection alive for an answer, and breaks off. */
const BREAKING = 'openai-keepalive-event.sse';

describe("OpenAI's own client", () => {
  it.each(ofOpenAi.filter((name) => statusOf(name) === 200 && name !== BREAKING))(
    'reads %s as the gateway does',
    async (name) => {
      expect(readBy(await ask(name))).toEqual(expectedBy(expectedOf(name) as JoinedAnswer));
    },
  );

  it.each(ofOpenAi.filter((name) => statusOf(name) !== 200))('is refused by %s', async (name) => {
    await expect(ask(name)).rejects.toMatchObject({ status: statusOf(name), message: /\w/ });
  });
});
