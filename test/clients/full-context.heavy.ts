import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { JsonObject } from '../../src/base/json.js';
import { messagesOf } from '../support/chat-scripts.js';
import { fileFor, TestGateway } from '../support/gateway.js';
import { completion, startScriptedUpstream, type ScriptedUpstream } from '../support/scripted-upstream.js';

const TIMEOUT_MS = 600_000;
const WINDOW = 32_768;
const COUNTED = 40_000;
const SUMMARY = 'A short one.';
/** In the first question; a request that still says it does not fit any more. */
const MARK = 'remember-the-first-word';
const FIRST = `Answer shortly. ${MARK} ${'and one more word '.repeat(400)}`;

/** How a server says that a context does not fit. */
const REFUSALS: Readonly<Record<string, JsonObject>> = {
  vLLM: {
    message: `This model's maximum context length is ${WINDOW} tokens. However, your prompt contains ${COUNTED} input tokens.`,
    type: 'BadRequestError',
    param: 'input_tokens',
    code: 400,
  },
  'llama.cpp': {
    message: `request (${COUNTED} tokens) exceeds the available context size (${WINDOW} tokens), try increasing it`,
    type: 'exceed_context_size_error',
    code: 400,
    n_prompt_tokens: COUNTED,
    n_ctx: WINDOW,
  },
};

let upstream: ScriptedUpstream;
let gateway: TestGateway;
let directory: string;
let key: string;

beforeAll(async () => {
  upstream = await startScriptedUpstream();
  gateway = await TestGateway.start({
    file: fileFor(upstream.url, { model: { context_window: WINDOW, max_output_tokens: 4_096 } }),
  });
  ({ key } = await gateway.createKey({}));
});
beforeEach(async () => {
  upstream.reset();
  directory = await mkdtemp(join(tmpdir(), 'slipstream-agent-'));
});
afterEach(() => rm(directory, { recursive: true, force: true }));
afterAll(async () => {
  await gateway.close();
  await upstream.close();
});

interface Agent {
  readonly name: string;
  /** Prepares the directory, and returns what runs one prompt of a session that begins with the first. */
  prepare(): Promise<(prompt: string, isFirst: boolean) => Promise<string>>;
}

const AGENTS: readonly Agent[] = [
  {
    name: 'OpenCode',
    async prepare() {
      const models = {
        'test-model': { name: 'Test', limit: { context: WINDOW, output: 4_096 }, tool_call: true },
      };
      const options = { baseURL: `${gateway.url}/external/v1`, apiKey: key };
      const provider = {
        slipstream: { npm: '@ai-sdk/openai-compatible', name: 'Slipstream', options, models },
      };
      const config = {
        provider,
        model: 'slipstream/test-model',
        small_model: 'slipstream/test-model',
        autoupdate: false,
        share: 'disabled',
        compaction: { auto: true, tail_turns: 0 },
      };
      await writeFile(join(directory, 'opencode.json'), JSON.stringify(config));
      return (prompt, isFirst) =>
        run(
          ['opencode-ai@1.18.33', 'opencode'],
          ['run', ...(isFirst ? [] : ['--continue']), '--format', 'json', prompt],
        );
    },
  },
  {
    name: 'pi',
    async prepare() {
      const agent = join(directory, 'agent');
      await mkdir(agent);
      const models = [{ id: 'test-model', contextWindow: WINDOW, maxTokens: 4_096 }];
      const provider = {
        baseUrl: `${gateway.url}/external/v1`,
        apiKey: key,
        api: 'openai-completions',
        models,
      };
      await writeFile(join(agent, 'models.json'), JSON.stringify({ providers: { slipstream: provider } }));
      const compaction = { reserveTokens: 1_000, keepRecentTokens: 1 };
      await writeFile(join(agent, 'settings.json'), JSON.stringify({ compaction }));
      return (prompt, isFirst) =>
        run(
          ['@earendil-works/pi-coding-agent@1.6.0', 'pi'],
          [
            '--provider',
            'slipstream',
            '--model',
            'test-model',
            '--mode',
            'json',
            ...(isFirst ? [] : ['--continue']),
            '-p',
            prompt,
          ],
          { PI_CODING_AGENT_DIR: agent },
        );
    },
  },
];

describe.each(AGENTS)('$name with a context that is full', (agent) => {
  it.each(Object.entries(REFUSALS))(
    'at %s compacts it and goes on',
    async (_, error) => {
      let refused = 0;
      let isFull = false;
      upstream.always((exchange) => {
        const messages = messagesOf(exchange.request);
        const last = JSON.stringify(messages.at(-1));
        const isOfSummary = /summar/i.test(last) && !last.includes(SUMMARY);
        if (isOfSummary) return completion(SUMMARY)(exchange);
        if (!isFull || !JSON.stringify(messages).includes(MARK)) return completion('Answered.')(exchange);
        refused += 1;
        return exchange.json({ error }, 400);
      });
      const ask = await agent.prepare();
      expect(await ask(FIRST, true)).toContain('Answered.');
      isFull = true;
      expect(await ask('And now?', false)).toContain('Answered.');
      expect(refused).toBeGreaterThan(0);
      expect(JSON.stringify(upstream.requests.at(-1)?.body)).toContain(SUMMARY);
    },
    TIMEOUT_MS,
  );
});

/** What a command of a package prints; on a Node that newer packages need. */
async function run(
  [name, command]: readonly [string, string],
  words: readonly string[],
  environment: NodeJS.ProcessEnv = {},
): Promise<string> {
  const running = promisify(execFile)('npx', ['--yes', '-p', 'node@22', '-p', name, command, ...words], {
    cwd: directory,
    env: {
      ...process.env,
      HOME: directory,
      XDG_DATA_HOME: join(directory, 'data'),
      XDG_CONFIG_HOME: join(directory, 'config'),
      XDG_CACHE_HOME: join(directory, 'cache'),
      XDG_STATE_HOME: join(directory, 'state'),
      npm_config_cache: process.env['npm_config_cache'] ?? join(process.env['HOME'] ?? '', '.npm'),
      ...environment,
    },
    timeout: TIMEOUT_MS,
    maxBuffer: 64 * 1024 * 1024,
  });
  running.child.stdin?.end();
  // OpenCode goes on, and exits with 1 all the same when it has met an error on its way.
  const { stdout, stderr } = await running.catch((failure: unknown) => failure as Awaited<typeof running>);
  return stdout + stderr;
}
