import { describe, expect, it } from '@jest/globals';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import fc from 'fast-check';
import { encode } from 'gpt-tokenizer/encoding/o200k_base';
import { CountingThread } from '../../../src/text/counting/counting-thread.js';
import { estimateTokens } from '../../../src/text/counting/token-counter.js';
import { compileProject } from '../../support/compiled.js';

const WORDS = fc.array(fc.lorem({ maxCount: 12 }), { maxLength: 8 });

describe('counting tokens', () => {
  it('counts short texts as the encoding does', async () => {
    const sentence = fc.lorem({ maxCount: 12 });
    await fc.assert(
      fc.asyncProperty(sentence, async (text) => {
        expect(await estimateTokens([text], 'some-model')).toBe(encode(text).length);
      }),
      { numRuns: 30 },
    );
  });

  it('estimates what is beyond the limit by the same ratio', async () => {
    const counted = 'seven words that are repeated for long '.repeat(1000);
    const tokens = await estimateTokens([counted], 'some-model');
    expect(await estimateTokens([counted, counted, counted], 'some-model')).toBeCloseTo(3 * tokens, -2);
  });

  it('answers each of many at once with its own count', async () => {
    const texts = await Promise.all(
      fc.sample(WORDS, 50).map(async (words) => ({ words, tokens: await estimateTokens(words, 'gpt-4') })),
    );
    for (const { words, tokens } of texts) expect(await estimateTokens(words, 'gpt-4')).toBe(tokens);
  });

  it('leaves the event loop free while it loads and counts', async () => {
    const thread = new CountingThread();
    let turns = 0;
    const counting = setInterval(() => (turns += 1), 1);
    await thread.count(['The event loop turns.'], 'cl100k');
    clearInterval(counting);
    await thread.end();
    expect(turns).toBeGreaterThan(10);
  });

  it.each(['process.exit(1)', 'throw new Error("broken")', 'setTimeout(() => process.exit(1), 20)'])(
    'counts here when the thread ends by %s, and begins another one',
    async (program) => {
      const thread = new CountingThread(new URL(`data:text/javascript,${encodeURIComponent(program)}`));
      for (let time = 0; time < 2; time += 1) {
        const counts = ['one', 'one two'].map((text) => thread.count([text], 'o200k'));
        expect(await Promise.all(counts)).toEqual([1, 2]);
      }
    },
  );

  it('keeps no process alive', async () => {
    const file = join(await compileProject(), 'text/counting/counting-thread.js');
    const program = `
      import { CountingThread } from '${pathToFileURL(file).href}';
      const hold = setInterval(() => undefined, 1000);
      process.stdout.write(String(await new CountingThread().count(['one two'], 'o200k')));
      clearInterval(hold);`;
    const { stdout, status } = spawnSync(process.execPath, ['--input-type=module', '-e', program], {
      timeout: 60_000,
      encoding: 'utf8',
    });
    expect({ stdout, status }).toEqual({ stdout: '2', status: 0 });
  });

  it('counts here when no thread begins', async () => {
    // Node refuses this address at once, as it refuses a thread that the system cannot give.
    expect(await new CountingThread(new URL('https://127.0.0.1/')).count(['one two'], 'o200k')).toBe(2);
  });

  it('counts here what its thread cannot', async () => {
    const answer =
      "import { parentPort } from 'node:worker_threads';parentPort.on('message', ({ id }) => parentPort.postMessage({ id }))";
    const thread = new CountingThread(new URL(`data:text/javascript,${encodeURIComponent(answer)}`));
    expect(await thread.count(['one two three'], 'o200k')).toBe(3);
    await thread.end();
  });
});
