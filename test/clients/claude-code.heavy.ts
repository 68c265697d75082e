import { writeFile, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { JsonObject } from '../../src/base/json.js';
import { expectSoundBooks } from '../support/books.js';
import { callsTools, messagesOf, says, toolCall } from '../support/chat-scripts.js';
import { chatUsage } from '../support/chat-wire.js';
import {
  GatewayProcess,
  removeDirectory,
  scratchDirectory,
  testEnvironment,
} from '../support/gateway-process.js';
import { fileFor } from '../support/gateway.js';
import { startScriptedUpstream, type Exchange, type ScriptedUpstream } from '../support/scripted-upstream.js';
import { createTestDatabase, type TestDatabase } from '../support/test-database.js';
import { claude } from './claude-code.js';
import { CLIENT_TIMEOUT_MS, InstalledClient, type ClientOutput } from './installed-client.js';
import { until } from '../support/until.js';

const MODEL = 'claude-sonnet-5-5';
/** One black pixel. */
const PNG = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAQAAAC1HAwCAAAAC0lEQVR42mNkYAAAAAYAAjCB0C8AAAAASUVORK5CYII=';
/** One empty page. */
const PDF = `%PDF-1.4
1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj
2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj
3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 9 9]>>endobj
trailer<</Root 1 0 R>>
%%EOF
`;

let upstream: ScriptedUpstream;
let database: TestDatabase;
let directory: string;
let gateway: GatewayProcess;
let client: InstalledClient;

beforeAll(async () => {
  upstream = await startScriptedUpstream();
  database = await createTestDatabase();
  directory = await scratchDirectory();
  gateway = await GatewayProcess.start({
    directory,
    environment: testEnvironment(database.url, { LOG_LEVEL: 'info', BUDGET_WAIT_MS: '500' }),
    file: fileFor(upstream.url, {
      model: { id: MODEL, aliases: ['claude-*'], context_window: 200_000, max_output_tokens: 4_000 },
    }),
  });
}, CLIENT_TIMEOUT_MS);
afterAll(async () => {
  await gateway.stop();
  await GatewayProcess.endAll();
  await expectSoundBooks(database.pool);
  await removeDirectory(directory);
  await database.drop();
  await upstream.close();
});
beforeEach(async () => {
  upstream.reset();
  client = await InstalledClient.install('claude');
}, CLIENT_TIMEOUT_MS);
afterEach(() => client.remove());

interface Asked {
  readonly surface?: string;
  readonly words?: readonly string[];
  readonly model?: string;
}

function ask(
  key: string,
  prompt: string,
  { surface = '', words = [], model = MODEL }: Asked = {},
): Promise<ClientOutput> {
  return claude(prompt, { client, baseUrl: gateway.url + surface, key, model, words });
}

const rich = async (): Promise<string> => (await gateway.client.createKey({ budget_limit: '100000000' })).key;

type Step = readonly [name: string, input: JsonObject];

/** Calls one tool after the other, and then says that all is done. */
function steps(...plan: readonly Step[]): void {
  upstream.always((exchange) => {
    const done = messagesOf(exchange.request).filter(({ role }) => role === 'tool').length;
    const next = plan[done];
    if (!next || !offers(exchange, next[0]))
      return says([{ content: 'All ' }, { content: 'done.' }])(exchange);
    return callsTools(toolCall('call_0', next[0], JSON.stringify(next[1])))(exchange);
  });
}

function offers({ request }: Exchange, tool: string): boolean {
  return request.text.includes(`"name":"${tool}"`);
}

describe.each([
  ['native', ''],
  ['external', '/external'],
])('Claude Code on the %s surface', (_name, surface) => {
  it(
    'writes, reads and edits a file, runs a command, and goes on where it stopped',
    async () => {
      const key = await rich();
      const path = join(client.home, 'note.txt');
      steps(
        ['Write', { file_path: path, content: 'heron\n' }],
        ['Read', { file_path: path }],
        ['Edit', { file_path: path, old_string: 'heron', new_string: 'egret' }],
        ['Bash', { command: 'cat note.txt', description: 'Show the note' }],
      );
      expect((await ask(key, 'Write a note', { surface })).stdout).toContain('All done.');
      expect(await readFile(path, 'utf8')).toBe('egret\n');
      expect(JSON.stringify(messagesOf(upstream.requests.at(-1)!).at(-1))).toContain('egret');
      upstream.reset();
      expect((await ask(key, 'And now?', { surface, words: ['--continue'] })).stdout).toContain('Hello!');
      expect(messagesOf(upstream.requests[0]!).filter(({ role }) => role === 'tool')).toHaveLength(4);
    },
    CLIENT_TIMEOUT_MS,
  );
});

describe('Claude Code', () => {
  it(
    'looks at a picture',
    async () => {
      const path = join(client.home, 'dot.png');
      await writeFile(path, Buffer.from(PNG, 'base64'));
      steps(['Read', { file_path: path }]);
      expect((await ask(await rich(), 'What is in dot.png?')).stdout).toContain('All done.');
      const last = upstream.requests.at(-1)!;
      expect(last.text).toContain('"image_url":{"url":"data:image/png;base64,');
    },
    CLIENT_TIMEOUT_MS,
  );

  it(
    'reads a PDF',
    async () => {
      const path = join(client.home, 'page.pdf');
      await writeFile(path, PDF);
      steps(['Read', { file_path: path }]);
      expect((await ask(await rich(), 'What is in page.pdf?')).stdout).toContain('All done.');
      const data = Buffer.from(PDF).toString('base64');
      expect(upstream.requests.at(-1)?.text).toContain(`"file_data":"data:application/pdf;base64,${data}"`);
    },
    CLIENT_TIMEOUT_MS,
  );

  it(
    'shows what its context holds, as the gateway counts it',
    async () => {
      const { stdout } = await ask(await rich(), '/context');
      const counts = gateway.stdout.split('\n').filter((line) => line.includes('/v1/messages/count_tokens'));
      expect(counts.length).toBeGreaterThan(10);
      expect(counts.filter((line) => !line.includes('"status":200'))).toEqual([]);
      expect(stdout).toMatch(/tokens/i);
      expect(upstream.requests).toHaveLength(0);
    },
    CLIENT_TIMEOUT_MS,
  );

  it(
    'is told that its model has no web search, and goes on',
    async () => {
      // The tool is offered once the model has looked for it.
      steps(
        ['ToolSearch', { query: 'select:WebSearch', max_results: 1 }],
        ['WebSearch', { query: 'herons' }],
      );
      // For this name it demands a search; for newer ones it only offers the tool, which is then left out.
      const { stdout } = await ask(await rich(), 'Search the web for herons', { model: 'claude-sonnet-5' });
      expect(stdout).toContain('All done.');
      const output = messagesOf(upstream.requests.at(-1)!).findLast(({ role }) => role === 'tool');
      expect(JSON.stringify(output)).toContain('web_search');
      const refusals = gateway.stdout.split('\n').filter((line) => line.includes('unsupported_parameter'));
      expect(refusals).toHaveLength(1);
    },
    CLIENT_TIMEOUT_MS,
  );

  it(
    'sends a subagent',
    async () => {
      steps([
        'Agent',
        {
          description: 'Find out',
          prompt: 'Say what you know about herons',
          subagent_type: 'general-purpose',
        },
      ]);
      expect((await ask(await rich(), 'Ask somebody')).stdout).toContain('All done.');
      expect(upstream.requests.some(({ text }) => text.includes('Say what you know about herons'))).toBe(
        true,
      );
    },
    CLIENT_TIMEOUT_MS,
  );

  it(
    'compacts a context that is too long for its model, and goes on',
    async () => {
      const key = await rich();
      upstream.always(says([{ content: 'Noted.' }]));
      await ask(key, 'Remember the word heron');
      let refusals = 0;
      upstream.always((exchange) => {
        const isSummary = exchange.request.text.includes('summary of the conversation');
        if (!isSummary && refusals === 0) {
          refusals += 1;
          const error = { code: 'context_length_exceeded', message: 'too long', prompt_tokens: 250_000 };
          return exchange.json({ error }, 400);
        }
        return says([{ content: isSummary ? '<summary>heron</summary>' : 'It was heron.' }])(exchange);
      });
      const { stdout } = await ask(key, 'What was the word?', { words: ['--continue'] });
      expect([stdout.includes('It was heron.'), refusals]).toEqual([true, 1]);
    },
    CLIENT_TIMEOUT_MS,
  );

  it(
    'stops at the end of a budget, after one request, with a sentence',
    async () => {
      // Enough for the first calls of a session, since the upstream says that each costs this much.
      const { key } = await gateway.client.createKey({ budget_limit: '400000' });
      const path = join(client.home, 'note.txt');
      await writeFile(path, 'heron\n');
      let calls = 0;
      upstream.always((exchange) => {
        calls += 1;
        const call = toolCall('call_0', 'Read', JSON.stringify({ file_path: path, limit: calls }));
        const chunks = callsTools(call);
        return chunks({ ...exchange, stream: (...values) => exchange.stream(...values.map(costly)) });
      });
      const failed = await ask(key, 'Read it often', { words: ['--output-format', 'json'] }).catch(
        (failure: unknown) => String(failure),
      );
      const before = calls;
      expect(typeof failed === 'string' ? failed : failed.stdout).toContain(
        'The budget of this API key is used up',
      );
      expect(before).toBeGreaterThan(1);
      const refused = () => gateway.stdout.split('\n').filter((line) => line.includes('"status":402'));
      // Lines of the log are written a moment after their answers.
      await until(() => refused().length > 0);
      expect(refused()).toHaveLength(1);
    },
    CLIENT_TIMEOUT_MS,
  );
});

/** The same chunk; the one with the usage says that 150,000 tokens were read. */
function costly(value: unknown): unknown {
  return typeof value === 'object' && value !== null && 'usage' in value && value.usage
    ? { ...value, usage: chatUsage(150_000, 10) }
    : value;
}
