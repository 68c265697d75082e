import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { GatewayProcess, removeDirectory, scratchDirectory } from '../support/gateway-process.js';
import { ADMIN_TOKEN } from '../support/gateway.js';
import { join } from 'node:path';
import { CLIENT_TIMEOUT_MS, InstalledClient, nodeOf } from './installed-client.js';

/** What a program does with the newest SDK; it prints what it saw. */
const PROGRAM = `
import OpenAI from 'openai';
const client = new OpenAI();
const model = 'sandbox/assistant';
const messages = [{ role: 'user', content: 'Hi' }];
const chat = await client.chat.completions.create({ model, messages });
let chunks = '';
for await (const chunk of await client.chat.completions.create({ model, messages, stream: true }))
  chunks += chunk.choices[0]?.delta.content ?? '';
const run = client.chat.completions.runTools({
  model,
  messages,
  stream: true,
  tools: [{
    type: 'function',
    function: {
      name: 'weather',
      parameters: { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] },
      parse: JSON.parse,
      function: ({ city }) => '21 C in ' + city,
    },
  }],
});
const ran = await run.finalContent();
const conversation = await client.conversations.create();
const stream = client.responses.stream({ model, input: 'Hi', conversation: conversation.id });
const streamed = await stream.finalResponse();
const next = await client.responses.create({ model, input: 'More', previous_response_id: streamed.id });
const background = await client.responses.create({ model, input: 'Later', background: true });
let polled = background;
while (polled.status === 'queued' || polled.status === 'in_progress')
  polled = await client.responses.retrieve(polled.id);
console.log(JSON.stringify({
  node: process.versions.node,
  ran,
  texts: [chat.choices[0].message.content, chunks, streamed.output_text, next.output_text, polled.output_text],
}));
`;

describe.each([22, 24] as const)('Node %s', (major) => {
  let directory: string;
  let gateway: GatewayProcess;
  let sdk: InstalledClient;

  beforeAll(async () => {
    sdk = await InstalledClient.install('openai', major);
    directory = await scratchDirectory();
    const node = join(await nodeOf(major), 'node');
    gateway = await GatewayProcess.start({ directory, node, environment: { PORT: '0', ADMIN_TOKEN } });
  }, CLIENT_TIMEOUT_MS);
  afterAll(async () => {
    await GatewayProcess.endAll();
    await removeDirectory(directory);
    await sdk.remove();
  });

  it('runs the gateway with its own database, and the newest OpenAI SDK', async () => {
    const { key } = await gateway.client.createKey({ budget_limit: '1000000' });
    const seen = await sdk.runModule(PROGRAM, {
      OPENAI_API_KEY: key,
      OPENAI_BASE_URL: `${gateway.url}/external/v1`,
    });
    expect(seen).toEqual({
      node: expect.stringMatching(new RegExp(`^${major}\\.`)),
      ran: 'The tools answered: 21 C in sandbox',
      texts: ['Hi', 'Hi', 'Hi', 'More', 'Later'].map(
        (text) => `This is the sandbox assistant. You wrote: ${text}`,
      ),
    });
    await gateway.stop();
  });
});
