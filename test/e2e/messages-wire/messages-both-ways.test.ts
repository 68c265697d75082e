import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { JsonObject } from '../../../src/base/json.js';
import { fileFor, TestGateway } from '../../support/gateway.js';
import { judged } from '../../support/messages-judge.js';
import { answersMessage, saysMessage } from '../../support/messages-wire.js';
import { SURFACES } from '../../support/responses-client.js';
import { startScriptedUpstream, type ScriptedUpstream } from '../../support/scripted-upstream.js';

const THOUGHTS = new Map([['EqQB/+=', 'Look.']]);
const CONTENT: readonly JsonObject[] = [
  { type: 'thinking', thinking: 'Look.', signature: 'EqQB/+=' },
  { type: 'tool_use', id: 'toolu_01A', name: 'look', input: { at: 'sky' } },
];

let upstream: ScriptedUpstream;
let gateway: TestGateway;
let key: string;

beforeAll(async () => {
  upstream = await startScriptedUpstream();
  const model = { targets: [{ provider: 'upstream', model: 'claude-opus-4-6' }], max_output_tokens: 2_000 };
  gateway = await TestGateway.start({
    file: fileFor(upstream.url, { provider: { type: 'anthropic' }, model }),
  });
  ({ key } = await gateway.createKey({ budget_limit: '1000000' }));
});
afterAll(async () => {
  await gateway.close();
  await upstream.close();
});

describe('a client of Messages with an upstream of Messages', () => {
  it.each(SURFACES)('gets thinking back into the loop of calls that it began, on %s', async (surface) => {
    upstream.reset();
    upstream.next(judged(THOUGHTS, answersMessage(CONTENT))).next(judged(THOUGHTS, saysMessage('Sunny.')));
    const messages: JsonObject[] = [{ role: 'user', content: 'Weather?' }];
    const ask = async (): Promise<readonly JsonObject[]> => {
      const response = await fetch(`${gateway.url}${surface}/messages`, {
        method: 'POST',
        headers: { 'x-api-key': key, 'anthropic-version': '2023-06-01', 'content-type': 'application/json' },
        body: JSON.stringify({
          model: 'test-model',
          max_tokens: 2_000,
          messages,
          thinking: { type: 'adaptive' },
          output_config: { effort: 'high' },
          tools: [{ name: 'look', input_schema: { type: 'object' } }],
        }),
      });
      const { content } = (await response.json()) as { content: readonly JsonObject[] };
      messages.push({ role: 'assistant', content: [...content] });
      return content;
    };
    const content = await ask();
    expect(content.map(({ type }) => type)).toEqual(['thinking', 'tool_use']);
    messages.push({
      role: 'user',
      content: [{ type: 'tool_result', tool_use_id: content[1]?.['id'] ?? '', content: 'sun' }],
    });
    expect(await ask()).toMatchObject([{ type: 'text', text: 'Sunny.' }]);
    expect(upstream.requests).toHaveLength(2);
    const turns = upstream.requests[1]?.body['messages'] as readonly { content: readonly JsonObject[] }[];
    expect(turns[1]?.content[0]).toEqual(CONTENT[0]);
  });
});
