import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { callsTools, messagesOf, toolCall } from '../../support/chat-scripts.js';
import { chatAnswer } from '../../support/chat-wire.js';
import { fileFor, TestGateway } from '../../support/gateway.js';
import { refusalOf } from '../../support/refusal-of.js';
import { ResponsesClient } from '../../support/responses-client.js';
import {
  completion,
  refusal,
  startScriptedUpstream,
  type ScriptedUpstream,
} from '../../support/scripted-upstream.js';

const WINDOW = 500;
const OUTPUT_CAP = 100;

let upstream: ScriptedUpstream;
let gateway: TestGateway;
let key: string;
let client: ResponsesClient;

beforeAll(async () => {
  upstream = await startScriptedUpstream();
  const model = { context_window: WINDOW, max_output_tokens: OUTPUT_CAP };
  gateway = await TestGateway.start({ file: fileFor(upstream.url, { model }) });
  ({ key } = await gateway.createKey({ budget_limit: '1000000000' }));
  client = new ResponsesClient(gateway.url, key);
});
beforeEach(() => upstream.reset());
afterAll(async () => {
  await gateway.close();
  await upstream.close();
});

/** A token for each two bytes. */
const said = (word: string, size = 160): string => word.padEnd(size, ' x');
/** Six bytes for each token. */
const PROSE = 'incomprehensible '.repeat(40);
/** First words of what the upstream was shown last. */
const shown = (): readonly string[] =>
  messagesOf(upstream.requests.at(-1)!).map(({ content }) => /^\w+/.exec(content as string)?.[0] ?? '');

async function chain(...turns: readonly string[]): Promise<string> {
  let previous: string | undefined;
  for (const turn of turns) {
    upstream.next(completion(said(`re${turn}`)));
    ({ id: previous } = await client.created({ input: said(turn), previous_response_id: previous }));
  }
  return previous!;
}

describe('a context that is longer than the window of the model', () => {
  it('goes up without its oldest items, and is kept whole', async () => {
    const previous = await chain('one', 'two');
    const auto = { truncation: 'auto', previous_response_id: previous, instructions: 'Be brief.' };
    const third = await client.created({ ...auto, input: said('three') });
    expect(third).toMatchObject({ status: 'completed', truncation: 'auto' });
    expect(shown()).toEqual(['Be', 'two', 'retwo', 'three']);
    expect(await client.found(third.id)).toMatchObject({ truncation: 'auto' });

    await client.created({ previous_response_id: third.id, input: said('four') });
    expect(shown()).toEqual(['one', 'reone', 'two', 'retwo', 'three', 'Hello', 'four']);
  });

  it('is cut for the output that is asked for', async () => {
    const previous = await chain('one', 'two');
    const auto = { truncation: 'auto', previous_response_id: previous, input: said('three') };
    await client.created({ ...auto, max_output_tokens: 16 });
    expect(shown()).toEqual(['reone', 'two', 'retwo', 'three']);
    const input = ['four', 'five', 'six'].map((word) => ({ role: 'user', content: said(word) }));
    const items = await client.created({ truncation: 'auto', previous_response_id: previous, input });
    expect(shown()).toEqual(['four', 'five', 'six']);
    const kept = (await (await client.inputItems(items.id)).json()) as { data: readonly object[] };
    expect(kept.data).toHaveLength(3);
  });

  it('loses no half of a call', async () => {
    upstream.next(callsTools(toolCall('call_1', 'look', JSON.stringify({ at: said('here') }))));
    const tools = [{ type: 'function', name: 'look', parameters: {} }];
    const asked = await client.created({ input: said('one', 50), tools });
    const output = { type: 'function_call_output', call_id: 'call_1', output: said('seen') };
    const answered = await client.created({ previous_response_id: asked.id, input: [output], tools });
    await client.created({
      truncation: 'auto',
      previous_response_id: answered.id,
      input: said('two', 240),
      tools,
    });
    expect(messagesOf(upstream.requests.at(-1)!).map(({ role }) => role)).toEqual(['assistant', 'user']);
  });

  it('is charged as it goes up, and counted so', async () => {
    const previous = await chain('one', 'two');
    const body = { model: 'test-model', previous_response_id: previous, input: said('three') };
    const inputTokens = async (truncation: string): Promise<number> => {
      const { usage: _usage, ...uncounted } = chatAnswer({ content: 'Hello' }, 'stop') as { usage?: unknown };
      upstream.next((exchange) => exchange.json(uncounted));
      const { usage } = await client.created({ ...body, truncation });
      const counted = await fetch(`${gateway.url}/v1/responses/input_tokens`, {
        method: 'POST',
        headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
        body: JSON.stringify({ ...body, truncation }),
      });
      expect(await counted.json()).toMatchObject({ input_tokens: usage?.input_tokens });
      return usage?.input_tokens ?? 0;
    };
    expect(await inputTokens('auto')).toBeLessThan((await inputTokens('disabled')) - 100);
  });

  it('is cut by what its text counts, not by its bytes', async () => {
    const one = await client.created({ input: `one ${PROSE}` });
    await client.created({ truncation: 'auto', previous_response_id: one.id, input: `two ${PROSE}` });
    expect(shown()).toEqual(['one', 'Hello', 'two']);
  });

  it('is cut by what is left counts, where that is of more tokens than what came before it', async () => {
    const input = ['one', 'two', 'three', 'four', 'five', 'six'].map((word) => ({
      role: 'user',
      content: `${word} ${PROSE}`,
    }));
    const newest = { role: 'user', content: `seven ${'\u6f22\u5b57 7 '.repeat(70)}` };
    await client.created({ truncation: 'auto', input: [...input, newest] });
    expect(shown()).toEqual(['seven']);
  });

  it('is cut for the last turn alone to stay, which the upstream may refuse', async () => {
    const previous = await chain('one');
    upstream.next(refusal(400, { message: 'too long', code: 'context_length_exceeded' }));
    const body = { truncation: 'auto', previous_response_id: previous, input: said('two', 4 * WINDOW) };
    const refused = await refusalOf(await client.create(body));
    expect(refused).toMatchObject({ status: 400, error: { code: 'context_length_exceeded' } });
    expect(shown()).toEqual(['two']);
  });

  it('goes up whole without being asked to be cut, which the upstream may refuse', async () => {
    const previous = await chain('one', 'two');
    upstream.next(refusal(400, { message: 'too long', code: 'context_length_exceeded' }));
    const refused = await refusalOf(
      await client.create({ previous_response_id: previous, input: said('three') }),
    );
    expect(refused).toMatchObject({ status: 400, error: { code: 'context_length_exceeded' } });
    expect(shown()).toEqual(['one', 'reone', 'two', 'retwo', 'three']);
  });
});
