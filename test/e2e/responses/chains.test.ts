import { afterAll, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import type { QueryConfig } from 'pg';
import { Database } from '../../../src/storage/database.js';
import { callsTools, messagesOf, nextStalls, says, toolCall } from '../../support/chat-scripts.js';
import { chatChunk } from '../../support/chat-wire.js';
import { fileFor, TestGateway } from '../../support/gateway.js';
import { insertChain } from '../../support/stored-responses.js';
import { refusalOf } from '../../support/refusal-of.js';
import { idIn, ResponsesClient } from '../../support/responses-client.js';
import {
  completion,
  refusal,
  startScriptedUpstream,
  type ScriptedUpstream,
} from '../../support/scripted-upstream.js';

let first: ScriptedUpstream;
let second: ScriptedUpstream;
let gateway: TestGateway;
let client: ResponsesClient;

beforeAll(async () => {
  [first, second] = [await startScriptedUpstream(), await startScriptedUpstream()];
  const provider = { type: 'openai', api_key: 'sk-secret' };
  const limits = { context_window: 1_000_000, max_output_tokens: 1_000, pricing: { input: 1, output: 2 } };
  gateway = await TestGateway.start({
    file: {
      ...fileFor(first.url),
      providers: [
        { id: 'first', ...provider, base_url: first.url },
        { id: 'second', ...provider, base_url: second.url },
      ],
      models: [
        { id: 'test-model', targets: [{ provider: 'first', model: 'one' }], ...limits },
        { id: 'other-model', targets: [{ provider: 'second', model: 'two' }], ...limits },
      ],
    },
  });
  const { key } = await gateway.createKey({ budget_limit: '1000000000' });
  client = new ResponsesClient(gateway.url, key);
});
beforeEach(() => {
  first.reset();
  second.reset();
});
afterAll(async () => {
  await gateway.close();
  await Promise.all([first.close(), second.close()]);
});

const user = (content: string): object => ({ role: 'user', content });
const assistant = (content: string): object => ({ role: 'assistant', content });
/** What the upstream was shown by its latest request. */
const shown = (upstream: ScriptedUpstream): unknown => messagesOf(upstream.requests.at(-1)!);

/** One turn whose answer is known. */
async function turn(input: string, answer: string, previous?: string, more: object = {}): Promise<string> {
  first.next(completion(answer));
  const { id } = await client.created({ input, previous_response_id: previous, ...more });
  return id;
}

describe('a chain', () => {
  it('shows each turn’s input and output, oldest first, and only the instructions of now', async () => {
    const one = await turn('1', 'one', undefined, { instructions: 'Be old.' });
    const two = await turn('2', 'two', one);
    await turn('3', 'three', two, { instructions: 'Be new.' });
    expect(shown(first)).toEqual([
      expect.objectContaining({ content: 'Be new.' }),
      ...[user('1'), assistant('one'), user('2'), assistant('two'), user('3')].map((message) =>
        expect.objectContaining(message),
      ),
    ]);
  });

  it('forks from any of its responses', async () => {
    const one = await turn('1', 'one');
    await turn('2', 'two', one);
    await turn('another 2', 'x', one);
    expect(shown(first)).toMatchObject([user('1'), assistant('one'), user('another 2')]);
  });

  it('crosses providers, with its tool calls', async () => {
    first.next(callsTools(toolCall('call_1', 'look', '{}'), toolCall('call_2', 'look', '{"a":1}')));
    const tools = [{ type: 'function', name: 'look' }];
    const { id } = await client.created({ tools });
    const outputs = ['call_1', 'call_2'].map((call_id) => ({
      type: 'function_call_output',
      call_id,
      output: `of ${call_id}`,
    }));
    await client.created({ model: 'other-model', previous_response_id: id, input: outputs, tools });
    expect(shown(second)).toMatchObject([
      user('Hi'),
      { role: 'assistant', tool_calls: [{ id: 'call_1' }, { id: 'call_2' }] },
      { role: 'tool', tool_call_id: 'call_1', content: 'of call_1' },
      { role: 'tool', tool_call_id: 'call_2', content: 'of call_2' },
    ]);
    const stray = [{ type: 'function_call_output', call_id: 'call_3', output: '' }];
    const { status, error } = await refusalOf(
      await client.create({ previous_response_id: id, input: stray }),
    );
    expect(status).toBe(400);
    expect(error.message).toBe('No tool call found for function call output with call_id call_3.');
  });

  it('goes on from an incomplete and from a cancelled response', async () => {
    first.next(says([{ content: 'Once' }], 'length'));
    const cut = await client.created({ input: '1' });
    await turn('2', 'two', cut.id);
    expect(shown(first)).toMatchObject([user('1'), assistant('Once'), user('2')]);
    const stalled = nextStalls(first, chatChunk({ role: 'assistant', content: 'Half' }));
    const stream = await client.open({ input: '1' });
    await stalled;
    await stream.shows('Half');
    expect((await client.cancel(idIn(stream))).status).toBe(200);
    await turn('2', 'two', idIn(stream));
    expect(shown(first)).toMatchObject([user('1'), assistant('Half'), user('2')]);
  });

  it('leaves out members that were deleted, but is not continued from one', async () => {
    const one = await turn('1', 'one');
    const two = await turn('2', 'two', one);
    const three = await turn('3', 'three', two);
    expect((await client.erase(two)).status).toBe(200);
    const four = await turn('4', 'four', three);
    expect(shown(first)).toMatchObject([
      ...[user('1'), assistant('one'), user('3'), assistant('three'), user('4')],
    ]);
    expect((await client.erase(one)).status).toBe(200);
    await turn('5', 'five', four);
    expect(shown(first)).toMatchObject([
      user('3'),
      assistant('three'),
      user('4'),
      assistant('four'),
      user('5'),
    ]);
    const { error } = await refusalOf(await client.create({ previous_response_id: two }));
    expect(error).toEqual({
      message: `Previous response with id '${two}' not found.`,
      type: 'invalid_request_error',
      param: 'previous_response_id',
      code: 'previous_response_not_found',
    });
  });

  it('leaves out an output whose call was deleted with its response', async () => {
    first.next(callsTools(toolCall('call_1', 'look', '{}')));
    const tools = [{ type: 'function', name: 'look' }];
    const one = await client.created({ tools });
    const input = [{ type: 'function_call_output', call_id: 'call_1', output: 'seen' }];
    first.next(completion('Done.'));
    const two = await client.created({ tools, input, previous_response_id: one.id });
    await client.erase(one.id);
    await turn('And?', 'x', two.id);
    expect(shown(first)).toMatchObject([assistant('Done.'), user('And?')]);
  });

  it('is not continued from a response that failed or still runs', async () => {
    first.next(refusal(400));
    expect((await client.create()).status).toBe(400);
    const { rows } = await gateway.pool.query<{ id: string }>(
      `SELECT id FROM responses WHERE status = 'failed' ORDER BY created_at DESC LIMIT 1`,
    );
    const failed = await refusalOf(await client.create({ previous_response_id: rows[0]!.id }));
    expect(failed).toMatchObject({ status: 400, error: { param: 'previous_response_id' } });
    expect(failed.error.message).toContain('failed');

    const stalled = nextStalls(first, chatChunk({ role: 'assistant', content: 'Half' }));
    const stream = await client.open();
    await stalled;
    await stream.shows('Half');
    const running = await refusalOf(await client.create({ previous_response_id: idIn(stream) }));
    expect(running).toMatchObject({ status: 400, error: { param: 'previous_response_id' } });
    expect(running.error.message).toContain('in_progress');
    await client.cancel(idIn(stream));
  });
});

describe('a chain of a thousand turns', () => {
  it('is read with one query and goes on', async () => {
    const id = await insertChain(gateway.pool, { account: 'acme', turns: 1_000 });
    const { pool } = gateway.app.get(Database);
    const query = jest.spyOn(pool, 'query');
    first.next(completion('and on'));
    const response = await client.created({ previous_response_id: id, input: 'On?' });
    const texts = query.mock.calls.map(([config]) => {
      const given = config as unknown as QueryConfig | string;
      return typeof given === 'string' ? given : given.text;
    });
    query.mockRestore();
    const reads = texts.filter(
      (text) =>
        (text.includes('response_items') || text.includes('sharded.read_context')) &&
        !text.includes('INSERT INTO'),
    );
    expect(reads).toHaveLength(1);
    expect(response.status).toBe('completed');
    const messages = messagesOf(first.requests.at(-1)!);
    expect(messages).toHaveLength(2_001);
    expect(messages[0]).toMatchObject(user('question 1'));
    expect(messages.at(-2)).toMatchObject(assistant('answer 1000'));
    expect(messages.at(-1)).toMatchObject(user('On?'));
  });
});
