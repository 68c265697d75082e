import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { GatewayProcess, removeDirectory, scratchDirectory } from '../support/gateway-process.js';
import { ADMIN_TOKEN } from '../support/gateway.js';

const run = promisify(execFile);

/** What a client on that Node does, with the stock SDK; it prints what it saw. */
const SCRIPT = `
import OpenAI from 'openai';
const client = new OpenAI();
const model = 'sandbox/assistant';
const chat = await client.chat.completions.create({ model, messages: [{ role: 'user', content: 'Hi' }] });
const conversation = await client.conversations.create();
const stream = client.responses.stream({ model, input: 'Hi', conversation: conversation.id });
const streamed = await stream.finalResponse();
const next = await client.responses.create({ model, input: 'More', previous_response_id: streamed.id });
const background = await client.responses.create({ model, input: 'Later', background: true });
let polled = background;
while (polled.status === 'queued' || polled.status === 'in_progress') polled = await client.responses.retrieve(polled.id);
console.log(JSON.stringify({ node: process.versions.node, texts: [
  chat.choices[0].message.content, streamed.output_text, next.output_text, polled.output_text ] }));
`;

let node: string;
let directory: string;
let gateway: GatewayProcess;

beforeAll(async () => {
  const found = await run('npx', ['-y', '-p', 'node@24', 'node', '-p', 'process.execPath']);
  node = found.stdout.trim();
  directory = await scratchDirectory();
  gateway = await GatewayProcess.start({ directory, node, environment: { PORT: '0', ADMIN_TOKEN } });
}, 300_000);
afterAll(async () => {
  await GatewayProcess.endAll();
  await removeDirectory(directory);
});

describe('Node 24', () => {
  it('runs the gateway with its own database, and its clients', async () => {
    const { key } = await gateway.client.createKey({ budget_limit: '1000000' });
    const { stdout } = await run(node, ['--input-type=module', '-e', SCRIPT], {
      env: { ...process.env, OPENAI_API_KEY: key, OPENAI_BASE_URL: `${gateway.url}/external/v1` },
    });
    const seen = JSON.parse(stdout) as { node: string; texts: string[] };
    expect(seen.node).toMatch(/^24\./);
    expect(seen.texts).toEqual(
      ['Hi', 'Hi', 'More', 'Later'].map((text) => `This is the sandbox assistant. You wrote: ${text}`),
    );
    await gateway.stop();
  }, 120_000);
});
