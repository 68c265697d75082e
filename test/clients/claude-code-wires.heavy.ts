import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { JsonObject } from '../../src/base/json.js';
import { expectSoundBooks } from '../support/books.js';
import {
  GatewayProcess,
  removeDirectory,
  scratchDirectory,
  testEnvironment,
} from '../support/gateway-process.js';
import { geminiSays } from '../support/gemini-wire.js';
import { answersMessage } from '../support/messages-wire.js';
import {
  answersResponse,
  callItem,
  messageItem,
  reasoningItem,
  textPart,
} from '../support/responses-wire.js';
import {
  startScriptedUpstream,
  type Exchange,
  type Handler,
  type ScriptedUpstream,
} from '../support/scripted-upstream.js';
import { createTestDatabase, type TestDatabase } from '../support/test-database.js';
import { claude } from './claude-code.js';
import { CLIENT_TIMEOUT_MS, InstalledClient } from './installed-client.js';

const LIMITS = { context_window: 200_000, max_output_tokens: 4_000, pricing: { input: 1, output: 2 } };

type Step = readonly [name: string, input: JsonObject];

interface Wire {
  readonly name: string;
  readonly type: string;
  readonly provider?: object;
  /** Its name at the upstream. */
  readonly model: string;
  readonly calls: (name: string, input: JsonObject) => Handler;
  readonly says: (text: string) => Handler;
  /** What stands in a request once for each result of a tool. */
  readonly result: RegExp;
}

const WIRES: readonly Wire[] = [
  {
    name: 'Messages',
    type: 'anthropic',
    model: 'claude-opus-5',
    calls: (name, input) =>
      answersMessage([
        { type: 'thinking', thinking: 'Hm.', signature: 'EqQB' },
        { type: 'tool_use', id: `toolu_${name}`, name, input },
      ]),
    says: (text) => answersMessage([{ type: 'text', text }]),
    result: /"type":"tool_result"/g,
  },
  {
    name: 'Responses',
    type: 'openai',
    provider: { wires: ['responses'] },
    model: 'gpt-5.5',
    calls: (name, input) =>
      answersResponse([reasoningItem('gAAAA', 'Hm.'), callItem('call_0', name, JSON.stringify(input))]),
    says: (text) => answersResponse([messageItem(textPart(text))]),
    result: /"type":"function_call_output"/g,
  },
  {
    name: 'Gemini',
    type: 'google',
    model: 'gemini-3.8-flash',
    calls: (name, args) => geminiSays([{ functionCall: { name, args }, thoughtSignature: 'c2lnbmVk' }]),
    says: (text) => geminiSays([{ text }]),
    result: /"functionResponse":/g,
  },
];

let upstream: ScriptedUpstream;
let database: TestDatabase;
let directory: string;
let gateway: GatewayProcess;
let client: InstalledClient;
let key: string;

beforeAll(async () => {
  upstream = await startScriptedUpstream();
  database = await createTestDatabase();
  directory = await scratchDirectory();
  const root = upstream.url.replace(/\/v1$/, '');
  gateway = await GatewayProcess.start({
    directory,
    environment: testEnvironment(database.url, { LOG_LEVEL: 'info' }),
    file: {
      providers: WIRES.map(({ type, provider }) => ({
        ...{ id: type, type, api_key: 'secret', base_url: type === 'openai' ? upstream.url : root },
        ...provider,
      })),
      models: WIRES.map(({ type, model }) => ({
        id: `claude-on-${type}`,
        targets: [{ provider: type, model }],
        ...LIMITS,
      })),
    },
  });
  ({ key } = await gateway.client.createKey({ budget_limit: '100000000' }));
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

describe.each(WIRES)('Claude Code with an upstream of $name', ({ type, calls, says, result }) => {
  it.each(['', '/external'])(
    'writes, edits and shows a file on the surface "%s"',
    async (surface) => {
      const path = join(client.home, 'note.txt');
      const plan: readonly Step[] = [
        ['Write', { file_path: path, content: 'heron\n' }],
        ['Edit', { file_path: path, old_string: 'heron', new_string: 'egret' }],
        ['Bash', { command: 'cat note.txt', description: 'Show the note' }],
      ];
      upstream.always((exchange: Exchange) => {
        const { text } = exchange.request;
        const step = plan[text.match(result)?.length ?? 0];
        return (step && text.includes('"Write"') ? calls(...step) : says('All done.'))(exchange);
      });
      const session = { client, baseUrl: gateway.url + surface, key, model: `claude-on-${type}` };
      expect((await claude('Write a note', session)).stdout).toContain('All done.');
      expect(await readFile(path, 'utf8')).toBe('egret\n');
      expect(upstream.requests.at(-1)?.text).toContain('egret');
      // Every call came with a signature, and each goes up again with its call.
      expect(upstream.requests.at(-1)?.text.match(/EqQB|gAAAA|c2lnbmVk/g)).toHaveLength(plan.length);
    },
    CLIENT_TIMEOUT_MS,
  );
});

describe('Claude Code with the sandbox', () => {
  it(
    'gets an answer from the echo',
    async () => {
      const session = { client, baseUrl: `${gateway.url}/external`, key, model: 'sandbox/echo' };
      await writeFile(join(client.home, 'note.txt'), 'heron\n');
      expect((await claude('Say heron', session)).stdout).toContain('heron');
    },
    CLIENT_TIMEOUT_MS,
  );
});
