import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import OpenAI from 'openai';
import { TestGateway } from '../../support/gateway.js';

let gateway: TestGateway;
let key: string;

beforeAll(async () => {
  gateway = await TestGateway.start();
  ({ key } = await gateway.createKey({ budget_limit: '100000000' }));
});
afterAll(() => gateway.close());

describe.each(['/external/v1', '/v1'])('the stock openai SDK on %s', (path) => {
  const client = (): OpenAI => new OpenAI({ apiKey: key, baseURL: `${gateway.url}${path}`, maxRetries: 0 });

  it('creates, reads, changes and deletes conversations', async () => {
    const { conversations } = client();
    const created = await conversations.create({ metadata: { topic: 'tea' } });
    expect(created).toEqual({
      id: expect.stringMatching(/^conv_[0-9a-z]{32}$/) as unknown,
      object: 'conversation',
      created_at: expect.any(Number) as unknown,
      metadata: { topic: 'tea' },
    });
    expect(Math.abs(created.created_at - Date.now() / 1000)).toBeLessThan(60);
    expect(await conversations.retrieve(created.id)).toEqual(created);
    const changed = await conversations.update(created.id, { metadata: { topic: 'coffee' } });
    expect(changed).toEqual({ ...created, metadata: { topic: 'coffee' } });
    expect((await conversations.update(created.id, { metadata: null })).metadata).toEqual({});
    expect(await conversations.delete(created.id)).toEqual({
      id: created.id,
      object: 'conversation.deleted',
      deleted: true,
    });
    await expect(conversations.retrieve(created.id)).rejects.toBeInstanceOf(OpenAI.NotFoundError);
  });

  it('creates one without saying anything', async () => {
    expect(await client().conversations.create()).toMatchObject({ object: 'conversation', metadata: {} });
  });

  it('adds, lists, reads and deletes items', async () => {
    const { conversations } = client();
    const { id } = await conversations.create({
      items: [{ type: 'message', role: 'user', content: 'first' }],
    });
    const added = await conversations.items.create(id, {
      items: [
        { role: 'assistant', content: 'second' },
        { type: 'function_call', call_id: 'call_1', name: 'look', arguments: '{}' },
        { type: 'function_call_output', call_id: 'call_1', output: 'seen' },
      ],
    });
    expect(added).toMatchObject({ object: 'list', has_more: false });
    expect(added.data.map(({ type }) => type)).toEqual(['message', 'function_call', 'function_call_output']);
    expect(added.first_id).toBe(added.data[0]?.id);
    expect(added.last_id).toBe(added.data[2]?.id);

    const listed = [];
    for await (const item of conversations.items.list(id, { limit: 2, order: 'asc' })) listed.push(item);
    expect(listed).toMatchObject([
      {
        type: 'message',
        role: 'user',
        content: [{ type: 'input_text', text: 'first' }],
        status: 'completed',
      },
      { type: 'message', role: 'assistant', content: [{ type: 'output_text', text: 'second' }] },
      { type: 'function_call', call_id: 'call_1' },
      { type: 'function_call_output', output: 'seen' },
    ]);
    const [first] = listed;
    const itemId = first?.id ?? '';
    expect(await conversations.items.retrieve(itemId, { conversation_id: id })).toEqual(first);
    expect(await conversations.items.delete(itemId, { conversation_id: id })).toMatchObject({
      id,
      object: 'conversation',
    });
    await expect(conversations.items.retrieve(itemId, { conversation_id: id })).rejects.toBeInstanceOf(
      OpenAI.NotFoundError,
    );
    expect((await conversations.items.list(id)).data).toHaveLength(3);
  });

  it('runs responses on a conversation, streamed and whole', async () => {
    const { conversations, responses } = client();
    const { id } = await conversations.create();
    const first = await responses.create({ model: 'sandbox/echo', conversation: id, input: 'one two' });
    expect(first.conversation).toEqual({ id });
    expect(first.output_text).toBe('one two');
    expect((await responses.retrieve(first.id)).conversation).toEqual({ id });
    const stream = await responses.create({
      model: 'sandbox/echo',
      conversation: { id },
      input: 'three',
      stream: true,
    });
    const types = [];
    for await (const event of stream) types.push(event.type);
    expect(types).toContain('response.completed');
    const { data } = await conversations.items.list(id, { order: 'asc' });
    expect(data).toMatchObject([
      { role: 'user', content: [{ text: 'one two' }] },
      { role: 'assistant', content: [{ text: 'one two' }] },
      { role: 'user', content: [{ text: 'three' }] },
      { role: 'assistant' },
    ]);
    expect(data[1]).toEqual(first.output[0]);
  });
});
