import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { chatAnswer } from '../support/chat-wire.js';
import {
  GatewayProcess,
  removeDirectory,
  scratchDirectory,
  testEnvironment,
} from '../support/gateway-process.js';
import { fileFor } from '../support/gateway.js';
import { startScriptedUpstream, type ScriptedUpstream } from '../support/scripted-upstream.js';
import { createTestDatabase, type TestDatabase } from '../support/test-database.js';
import { until } from '../support/until.js';

const MESSAGE_CHARS = 10_000_000;
const SENTENCE = 'The quick brown fox jumps over the lazy dog, and nobody minds at all. ';
const PROSE = SENTENCE.repeat(Math.ceil(MESSAGE_CHARS / SENTENCE.length)).slice(0, MESSAGE_CHARS);
const ONE_LETTER = 'a'.repeat(MESSAGE_CHARS);
/** What a busy machine adds by itself; a tokenizer that is quadratic in runs would take minutes. */
const GENEROUS_MS = 5_000;
const ROUNDS = 3;

/** Reports the longest time for which the event loop stood still since the last report. */
const PROBE = `
  import { monitorEventLoopDelay } from 'node:perf_hooks';
  const delay = monitorEventLoopDelay({ resolution: 2 });
  delay.enable();
  process.on('SIGUSR2', () => setTimeout(() => {
    process.stderr.write('stall ' + delay.max / 1e6 + ' ms\\n');
    delay.reset();
  }, 20));`;

let upstream: ScriptedUpstream;
let database: TestDatabase;
let directory: string;
let gateway: GatewayProcess;
let key: string;

beforeAll(async () => {
  upstream = await startScriptedUpstream();
  upstream.always((exchange) => {
    const { usage: _usage, ...answer } = chatAnswer({ content: 'Read.' });
    exchange.json(answer);
  });
  database = await createTestDatabase();
  directory = await scratchDirectory();
  gateway = await GatewayProcess.start({
    directory,
    environment: testEnvironment(database.url),
    file: fileFor(upstream.url),
    nodeOptions: ['--import', `data:text/javascript,${encodeURIComponent(PROBE)}`],
  });
  ({ key } = await gateway.client.createKey());
});
afterAll(async () => {
  await gateway.stop();
  await GatewayProcess.endAll();
  await database.drop();
  await upstream.close();
  await removeDirectory(directory);
});

/** The longest stall of the gateway since this was asked last, in milliseconds. */
async function longestStallMs(): Promise<number> {
  const seen = gateway.stderr.length;
  gateway.signal('SIGUSR2');
  await until(() => / ms\n/.test(gateway.stderr.slice(seen)));
  return Number(/stall ([\d.]+) ms/.exec(gateway.stderr.slice(seen))?.[1]);
}

async function stallBy(content: string, model: string): Promise<number> {
  await longestStallMs();
  const response = await gateway.client.chat(key, {
    model,
    max_tokens: 16,
    messages: [{ role: 'user', content }],
  });
  expect(response.status).toBe(200);
  const { usage } = (await response.json()) as { usage: { prompt_tokens: number; estimated: boolean } };
  expect(usage).toMatchObject({ estimated: true });
  expect(usage.prompt_tokens).toBeGreaterThan(100_000);
  return longestStallMs();
}

describe('a message of ten million times one letter', () => {
  it.each(['test-model', 'sandbox/echo:no_usage'])(
    'holds other calls up no longer than twice what prose of that length does (%s counts nothing itself)',
    async (model) => {
      await stallBy('Hi '.repeat(200_000), model);
      const prose: number[] = [];
      const oneLetter: number[] = [];
      for (let round = 0; round < ROUNDS; round += 1) {
        prose.push(await stallBy(PROSE, model));
        oneLetter.push(await stallBy(ONE_LETTER, model));
      }
      expect(Math.min(...oneLetter)).toBeLessThan(2 * Math.min(...prose) + GENEROUS_MS);
    },
  );
});
