import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { AzureOpenAI } from 'openai';
import { TestGateway } from '../support/gateway.js';

let gateway: TestGateway;
beforeAll(async () => {
  gateway = await TestGateway.start();
});
afterAll(() => gateway.close());

/** What companies have that know OpenAI by Azure alone. */
describe("Azure's official client", () => {
  it('talks, streams and uses Responses with nothing but its endpoint changed', async () => {
    const { key: apiKey } = await gateway.createKey();
    const client = new AzureOpenAI({
      endpoint: `${gateway.url}/external`,
      apiKey,
      apiVersion: '2025-04-01-preview',
    });
    const asked = { model: 'sandbox/echo', messages: [{ role: 'user' as const, content: 'Hi there' }] };
    const whole = await client.chat.completions.create(asked);
    expect(whole.choices[0]?.message.content).toBe('Hi there');
    let streamed = '';
    for await (const chunk of await client.chat.completions.create({ ...asked, stream: true }))
      streamed += chunk.choices[0]?.delta.content ?? '';
    expect(streamed).toBe('Hi there');
    const response = await client.responses.create({ model: 'sandbox/echo', input: 'Hi there' });
    expect(response.output_text).toBe('Hi there');
    expect((await client.responses.retrieve(response.id)).output_text).toBe('Hi there');
  });

  it('takes the deployment of its settings for the model', async () => {
    const { key: apiKey } = await gateway.createKey();
    const settings = { endpoint: `${gateway.url}/external`, apiKey, apiVersion: '2024-10-21' };
    const client = new AzureOpenAI({ ...settings, deployment: 'sandbox/echo' });
    const answer = await client.chat.completions.create({
      model: 'gpt-4o',
      messages: [{ role: 'user', content: 'Hi' }],
    });
    expect(answer.model).toBe('sandbox/echo');
  });
});
