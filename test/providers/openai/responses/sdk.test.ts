import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import OpenAI from 'openai';
import type { Response } from 'openai/resources/responses/responses';
import { calling, output, reasoned, USER } from '../../../support/chat-turns.js';
import { expectedOf, recordedIn, replayed, statusOf } from '../../../support/recorded-answers.js';
import { startScriptedUpstream, type ScriptedUpstream } from '../../../support/scripted-upstream.js';
import type { JoinedAnswer } from '../../joined-answer.js';
import { converted } from './request-fixture.js';

let upstream: ScriptedUpstream;
let client: OpenAI;

beforeAll(async () => {
  upstream = await startScriptedUpstream();
  client = new OpenAI({ baseURL: upstream.url, apiKey: 'k', maxRetries: 0 });
});
afterAll(() => upstream.close());

const messages = [USER, { ...calling('a'), ...reasoned('Hm', 'cmp1.scripted.g') }, output('a')];
const tools = [{ type: 'function', function: { name: 'look' } }];
const { body } = converted({ messages, tools, reasoning_effort: 'high' });

function ask(name: string): Promise<Response> {
  upstream.next(replayed(name));
  return name.endsWith('.sse')
    ? client.responses.stream({ ...body, stream: true } as never).finalResponse()
    : client.responses.create({ ...body, stream: false } as never);
}

/** What OpenAI's own client reads, in our terms. */
function readBy(response: Response): object {
  const { output: items, output_text: text, usage } = response;
  return {
    text,
    calls: items.flatMap((item) =>
      item.type === 'function_call' ? { name: item.name, arguments: item.arguments || '{}' } : [],
    ),
    signatures: items.flatMap((item) =>
      item.type === 'reasoning' && item.encrypted_content ? `cmp1.scripted.${item.encrypted_content}` : [],
    ),
    output: usage?.output_tokens,
  };
}

function expectedBy({ text = '', signatures = [], tool_calls: calls = [], usage }: JoinedAnswer): object {
  const functions = calls.filter(({ name }) => name !== 'patch');
  return {
    text,
    calls: functions.map(({ name, arguments: given }) => ({ name, arguments: given || '{}' })),
    signatures,
    output: usage?.['outputTokens'],
  };
}

/** The client throws where it does not know an event, or misses one. */
const OURS_ALONE = ['proxy-', 'vllm-', 'unknown-item.sse'];
const names = recordedIn('responses').filter(
  (name) => statusOf(name) === 200 && !OURS_ALONE.some((ours) => name.includes(ours)),
);
const answers = names.filter((name) => (expectedOf(name) as JoinedAnswer).error === undefined);

describe("OpenAI's own client", () => {
  it.each(answers)('takes the body that goes up, and reads of %s what is read here', async (name) => {
    expect(readBy(await ask(name))).toEqual(expectedBy(expectedOf(name) as JoinedAnswer));
    expect(upstream.requests.at(-1)?.path).toBe('/v1/responses');
  });
});
