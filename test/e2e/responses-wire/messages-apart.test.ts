import { afterAll, beforeAll, beforeEach, expect, it } from '@jest/globals';
import type { JsonObject } from '../../../src/base/json.js';
import { fileFor, TestGateway } from '../../support/gateway.js';
import { accumulated, MessagesClient } from '../../support/messages-client.js';
import { answersResponse, messageItem, textPart } from '../../support/responses-wire.js';
import { framesOf } from '../../support/sse-frames.js';
import { startScriptedUpstream, type ScriptedUpstream } from '../../support/scripted-upstream.js';

let upstream: ScriptedUpstream;
let gateway: TestGateway;
let key: string;

beforeAll(async () => {
  upstream = await startScriptedUpstream();
  gateway = await TestGateway.start({ file: fileFor(upstream.url, { provider: { wires: ['responses'] } }) });
  ({ key } = await gateway.createKey({ budget_limit: '100000000' }));
});
beforeEach(() => {
  upstream.reset();
  upstream.always(answersResponse([messageItem(textPart('One.')), messageItem(textPart('Two.'))]));
});
afterAll(async () => {
  await gateway.close();
  await upstream.close();
});

async function chat(stream: boolean): Promise<string> {
  const answer = await fetch(`${gateway.url}/external/v1/chat/completions`, {
    method: 'POST',
    headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
    body: JSON.stringify({ model: 'test-model', stream, messages: [{ role: 'user', content: 'Hi' }] }),
  });
  expect(answer.status).toBe(200);
  return answer.text();
}

it('are paragraphs of one text for a chat client, streamed and whole', async () => {
  const whole = JSON.parse(await chat(false)) as { choices: { message: JsonObject }[] };
  expect(whole.choices[0]?.message['content']).toBe('One.\n\nTwo.');
  const deltas = framesOf(await chat(true)).flatMap(({ data }) =>
    typeof data === 'string' ? [] : (data as { choices: { delta: { content?: string } }[] }).choices,
  );
  expect(deltas.map(({ delta }) => delta.content ?? '').join('')).toBe('One.\n\nTwo.');
});

it('are blocks of their own on the Messages API, streamed and whole', async () => {
  const client = new MessagesClient(gateway.url, { 'x-api-key': key });
  const texts = [
    { type: 'text', text: 'One.' },
    { type: 'text', text: 'Two.' },
  ];
  expect((await client.message()).content).toEqual(texts);
  expect(accumulated(await client.frames()).content).toEqual(texts);
});
