import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import Anthropic from '@anthropic-ai/sdk';
import type { Message } from '@anthropic-ai/sdk/resources/messages';
import { calling, output, reasoned, USER } from '../../support/chat-turns.js';
import { expectedOf, recordedIn, replayed, statusOf } from '../../support/recorded-answers.js';
import { startScriptedUpstream, type ScriptedUpstream } from '../../support/scripted-upstream.js';
import type { JoinedAnswer } from '../joined-answer.js';
import { converted } from './request-fixture.js';

let upstream: ScriptedUpstream;
let client: Anthropic;

beforeAll(async () => {
  upstream = await startScriptedUpstream();
  client = new Anthropic({ baseURL: upstream.url.replace(/\/v1$/, ''), apiKey: 'k', maxRetries: 0 });
});
afterAll(() => upstream.close());

const messages = [USER, { ...calling('a'), ...reasoned('Hm', 'cmp1.scripted.tEq') }, output('a')];
const tools = [{ type: 'function', function: { name: 'look' } }];
const { body } = converted({ messages, tools, reasoning_effort: 'high' });

function ask(name: string): Promise<Message> {
  upstream.next(replayed(name));
  return name.endsWith('.sse')
    ? client.messages.stream({ ...body, stream: true }).finalMessage()
    : client.messages.create({ ...body, stream: false });
}

/** What Anthropic's own client reads, in our terms. */
function readBy({
  content,
  usage,
}: Message): Pick<JoinedAnswer, 'text' | 'reasoning' | 'tool_calls'> & object {
  const joined = (texts: readonly string[]): string | undefined => texts.join('') || undefined;
  const calls = content.flatMap((block) =>
    block.type === 'tool_use' ? { name: block.name, input: block.input } : [],
  );
  return {
    text: joined(content.flatMap((block) => (block.type === 'text' ? block.text : []))),
    reasoning: joined(content.flatMap((block) => (block.type === 'thinking' ? block.thinking : []))),
    calls,
    output: usage.output_tokens,
  } as object;
}

function expectedBy({ text, reasoning, tool_calls: calls = [], usage }: JoinedAnswer): object {
  return {
    text,
    reasoning,
    calls: calls.map(({ name, arguments: given }) => ({ name, input: JSON.parse(given) as unknown })),
    output: usage?.['outputTokens'],
  };
}

/** The client reads nothing of a call that was cut, and nothing of a type that it does not know; it adds up no iterations. */
const OURS_ALONE = [
  'cut-tool.sse',
  'unknown.sse',
  'iterations.json',
  'proxy-input-at-once.sse',
  'no-message-stop.sse',
];
const names = recordedIn('messages').filter(
  (name) => statusOf(name) === 200 && !OURS_ALONE.some((ours) => name.endsWith(ours)),
);
const answers = names.filter((name) => (expectedOf(name) as JoinedAnswer).error === undefined);
const failures = names.filter((name) => name.endsWith('.sse') && !answers.includes(name));

describe("Anthropic's own client", () => {
  it.each(answers)('takes the body that goes up, and reads of %s what is read here', async (name) => {
    expect(readBy(await ask(name))).toEqual(expectedBy(expectedOf(name) as JoinedAnswer));
    expect(upstream.requests.at(-1)?.path).toBe('/v1/messages');
  });

  it.each(failures)('fails with %s, too', async (name) => {
    await expect(ask(name)).rejects.toThrow();
  });
});
