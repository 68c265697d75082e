import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { JsonObject } from '../../src/base/json.js';
import { expectSoundBooks } from '../support/books.js';
import { messagesOf, toolCall } from '../support/chat-scripts.js';
import { chatChunk, chatUsage, usageChunk } from '../support/chat-wire.js';
import { fileFor, TestGateway } from '../support/gateway.js';
import { receipts } from '../support/ledger-state.js';
import { completion, startScriptedUpstream, type ScriptedUpstream } from '../support/scripted-upstream.js';

/** 400 MB to download, which is why this is no part of `npm test`. */
const CODEX = '@openai/codex@0.171.0';
const TIMEOUT_MS = 600_000;
/** More than Codex lets this model fill before it compacts a session, and no more than the model has room for. */
const FULL = 380_000;

let upstream: ScriptedUpstream;
let gateway: TestGateway;
let directory: string;
let environment: NodeJS.ProcessEnv;

beforeAll(async () => {
  upstream = await startScriptedUpstream();
  const model = { id: 'gpt-5.5', context_window: 400_000, max_output_tokens: 100_000 };
  gateway = await TestGateway.start({ file: fileFor(upstream.url, { model }) });
  const { key } = await gateway.createKey({});
  directory = await mkdtemp(join(tmpdir(), 'slipstream-codex-'));
  environment = { ...process.env, CODEX_HOME: directory, CODEX_API_KEY: key };
  await writeFile(
    join(directory, 'config.toml'),
    `
model = "gpt-5.5"
openai_base_url = "${gateway.url}/external/v1"
sandbox_mode = "read-only"
check_for_update_on_startup = false
[analytics]
enabled = false
`,
  );
});
afterAll(async () => {
  await gateway.close();
  await upstream.close();
  await rm(directory, { recursive: true, force: true });
});

interface CodexItem {
  readonly type: string;
  readonly text?: string;
}

function asksForSummary(request: { readonly body: JsonObject }): boolean {
  return JSON.stringify(messagesOf(request).at(-1)?.['content'] ?? '').includes('replaced by a summary');
}

/** The first and the third answer say that the context is full; the first one calls a tool. */
function scriptSession(): void {
  let turns = 0;
  let summaries = 0;
  upstream.always((exchange) => {
    if (asksForSummary(exchange.request)) {
      summaries += 1;
      return completion(`What was done, ${summaries}.`)(exchange);
    }
    turns += 1;
    const usage = chatUsage(turns === 1 || turns === 3 ? FULL : 100, 5);
    if (turns > 1) return completion(`Answer ${turns}.`, usage)(exchange);
    const call = { index: 0, ...toolCall('call_1', 'exec_command', '{"cmd":"echo tooled"}') };
    return exchange.stream(chatChunk({ tool_calls: [call] }), chatChunk({}, 'tool_calls'), usageChunk(usage));
  });
}

/** What the model was shown of the session itself: its questions, answers, calls and summaries. */
function session(position: number): readonly string[] {
  const request = upstream.requests.at(position);
  return (request ? messagesOf(request) : [])
    .filter(({ role }) => role !== 'system' && role !== 'developer')
    .map(({ content }) => (typeof content === 'string' ? content : ''))
    .filter((text) => /question|Answer|tooled|What was done/.test(text))
    .map((text) => text.replace(/^Chunk ID.*$/s, 'output').replace(/^Summary.*\n\n/s, ''));
}

describe('a session of the Codex CLI', () => {
  it(
    'is compacted within a turn and between two, and taken up again after each',
    async () => {
      scriptSession();
      const first = await codex('exec', 'First question');
      const answers = [first.at(-1)?.text];
      for (const which of ['Second', 'Third', 'Fourth'])
        answers.push((await codex('exec', 'resume', '--last', `${which} question`)).at(-1)?.text);
      expect(answers).toEqual(['Answer 2.', 'Answer 3.', 'Answer 4.', 'Answer 5.']);
      expect(upstream.requests.map(asksForSummary)).toEqual([false, true, false, false, true, false, false]);
      expect(session(1)).toEqual(['First question', 'output']);
      expect(session(2)).toEqual(['First question', 'What was done, 1.']);
      expect(session(4).slice(-2)).toEqual(['Second question', 'Answer 3.']);
      expect(session(-1)).toEqual([
        'First question',
        'Second question',
        'What was done, 2.',
        'Third question',
        'Answer 4.',
        'Fourth question',
      ]);
      await gateway.idle();
      expect(await receipts(gateway.pool)).toHaveLength(upstream.requests.length);
      await expectSoundBooks(gateway.pool);
    },
    TIMEOUT_MS,
  );
});

/** The items that a run has completed. A run that fails exits with an error. */
async function codex(...words: string[]): Promise<readonly CodexItem[]> {
  const running = promisify(execFile)('npx', ['--yes', CODEX, ...words, '--json', '--skip-git-repo-check'], {
    cwd: directory,
    env: environment,
    timeout: TIMEOUT_MS,
  });
  running.child.stdin?.end();
  const { stdout } = await running;
  return stdout
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .map((line) => JSON.parse(line) as { type: string; item?: CodexItem })
    .flatMap(({ type, item }) => (type === 'item.completed' && item ? [item] : []));
}
