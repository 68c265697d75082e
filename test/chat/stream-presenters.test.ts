import { describe, expect, it } from '@jest/globals';
import { ExternalStreamPresenter } from '../../src/chat/presenter/external-stream-presenter.js';
import { GatewayError } from '../../src/base/errors/gateway-error.js';
import { NO_USAGE } from '../../src/base/money/usage.js';
import { withReceipts } from '../../src/payments/with-receipts.js';
import { type TextEvent } from '../../src/text/text-event.js';
import { type StreamPresenter } from '../../src/streaming/presenter.js';
import {
  admission,
  answer,
  head,
  opened,
  outcomes,
  receipt,
  type TextOutcome,
  usage,
} from './answer-fixture.js';

function show(presenter: StreamPresenter<TextOutcome>, items: TextOutcome[]): string {
  return items.map((item) => presenter.frames(item)).join('') + presenter.end();
}

type Chunk = {
  choices: { index: number; delta: Record<string, unknown>; finish_reason: string | null }[];
} & Record<string, unknown>;

function chunks(frames: string): Chunk[] {
  return [...frames.matchAll(/^data: ([^\n]*)\n\n/gm)].map(([, json]) => JSON.parse(json!) as Chunk);
}

const external = (includeUsage = false): ExternalStreamPresenter =>
  new ExternalStreamPresenter({ ...head, includeUsage });
const native = (includeUsage = false): StreamPresenter<TextOutcome> =>
  withReceipts(new ExternalStreamPresenter({ ...head, includeUsage, alwaysUsage: true }), head.responseId);

describe('a chat stream', () => {
  it('shows the role once, every delta as it came, and the finish reason with an empty delta', () => {
    const shown = chunks(show(external(), outcomes(answer)));
    expect(shown.map(({ choices }) => choices[0]?.delta)).toEqual([
      { role: 'assistant', content: '' },
      { reasoning_content: 'hm' },
      { reasoning_details: [{ type: 'reasoning.text', text: 'hm', signature: 'cmp1.azure.S', index: 0 }] },
      { content: 'He said "' },
      { content: '\u2028é"' },
      { tool_calls: [{ index: 0, id: 'call_1', type: 'function', function: { name: 'f', arguments: '' } }] },
      { tool_calls: [{ index: 0, function: { arguments: '{"a":' } }] },
      { tool_calls: [{ index: 0, function: { arguments: '1}' } }] },
      { tool_calls: [{ index: 1, id: 'call_2', type: 'custom', custom: { name: 'g', input: '' } }] },
      { tool_calls: [{ index: 1, custom: { input: 'raw' } }] },
      {},
    ]);
    expect(shown.map(({ choices }) => choices[0]?.finish_reason)).toEqual([
      ...Array<null>(10).fill(null),
      'tool_calls',
    ]);
    for (const chunk of shown) {
      expect(chunk).toMatchObject({
        id: 'resp_1',
        object: 'chat.completion.chunk',
        created: 1_700_000_000,
        model: 'gpt-5.5',
      });
      expect(chunk).not.toHaveProperty('usage');
    }
  });

  it('begins and finishes each choice once, also one that begins with content', () => {
    const events: TextEvent[] = [
      { type: 'text', choice: 1, text: 'b' },
      { type: 'start', choice: 0 },
      { type: 'start', choice: 0 },
      { type: 'text', choice: 0, text: '' },
      { type: 'finish', choice: 1, reason: 'stop' },
      { type: 'finish', choice: 1, reason: 'stop' },
      { type: 'finish', choice: 0, reason: 'length' },
    ];
    const shown = chunks(show(external(), outcomes(events))).map(({ choices: [choice] }) => [
      choice!.index,
      choice!.delta,
      choice!.finish_reason,
    ]);
    expect(shown).toEqual([
      [1, { role: 'assistant', content: '' }, null],
      [1, { content: 'b' }, null],
      [0, { role: 'assistant', content: '' }, null],
      [1, {}, 'stop'],
      [0, {}, 'length'],
    ]);
  });

  it('shows usage on external only when asked, then last, with null in every other chunk', () => {
    const shown = chunks(show(external(true), outcomes(answer)));
    expect(shown.at(-1)).toMatchObject({
      choices: [],
      usage: { prompt_tokens: 3, completion_tokens: 2, total_tokens: 5 },
    });
    expect(shown.slice(0, -1).every((chunk) => chunk['usage'] === null)).toBe(true);
  });

  it('shows usage on native unasked, then the receipt, whatever order they came in', () => {
    const frames = show(native(), [admission, ...outcomes(answer), { receipt }]);
    expect(frames.endsWith(`event: compose.receipt\ndata: ${JSON.stringify(receipt)}\n\n`)).toBe(true);
    const usageAt = frames.indexOf('"choices":[],"usage":{');
    expect(usageAt).toBeGreaterThan(frames.indexOf('"tool_calls"}'));
    expect(frames.indexOf('compose.receipt')).toBeGreaterThan(usageAt);
    expect(frames).not.toContain('"usage":null');
    expect(show(native(true), outcomes(answer))).toContain('"usage":null');
  });

  it('shows an upstream usage object as it came, and marks an estimate', () => {
    const raw = { prompt_tokens: 3, something: { new: 1 } };
    const last = (event: TextEvent): unknown =>
      chunks(show(external(true), outcomes([event]))).at(-1)?.['usage'];
    expect(last({ type: 'usage', usage: NO_USAGE, raw })).toEqual(raw);
    expect(last({ type: 'usage', usage: NO_USAGE, estimated: true })).toMatchObject({ estimated: true });
  });

  it('keeps unknown fields of the upstream, and none that would replace ours', () => {
    const extras = {
      answer: { system_fingerprint: 'fp', id: 'theirs', usage: 1 },
      choice: { native_reason: 'x', index: 9 },
      message: { function_call: { name: 'f' }, role: 'evil' },
    };
    const [, text, before, finish] = chunks(
      show(
        external(),
        outcomes([
          { type: 'start', choice: 0 },
          { type: 'text', choice: 0, text: 'a', extras },
          { type: 'finish', choice: 0, reason: 'stop', extras },
        ]),
      ),
    );
    expect(text).toMatchObject({ id: 'resp_1', system_fingerprint: 'fp' });
    expect(text?.choices[0]).toMatchObject({
      index: 0,
      native_reason: 'x',
      delta: { content: 'a', function_call: { name: 'f' } },
    });
    expect(text?.choices[0]?.delta).not.toHaveProperty('role');
    expect(before?.choices[0]?.delta).toEqual({ function_call: { name: 'f' } });
    expect(finish?.choices[0]).toMatchObject({ delta: {}, finish_reason: 'stop' });
  });

  it('that fails shows the error, on native its structured form and the receipt, and no usage after it', () => {
    const failure = new GatewayError('upstream_error', 'broken', { details: { tried: 2 } });
    const items: TextOutcome[] = [...outcomes([opened, usage]), { failure }, { receipt }];
    const error = `data: ${JSON.stringify({ error: { message: 'broken', type: 'upstream_error', param: null, code: 'upstream_error' } })}\n\n`;
    expect(show(external(true), items)).toBe(error);
    const structured =
      'event: compose.error\ndata: {"code":"upstream_error","message":"broken","details":{"tried":2}}\n\n';
    expect(show(native(true), items)).toBe(
      `${error}${structured}event: compose.receipt\ndata: ${JSON.stringify(receipt)}\n\n`,
    );
    expect(native().failure(failure)).toBe(error + structured);
  });

  it('has Compose headers on native alone', () => {
    const presenter = native();
    for (const item of [admission, { event: opened }]) presenter.frames(item);
    expect(presenter.headers()).toEqual({
      'x-compose-response-id': 'resp_1',
      'x-compose-key-budget-limit': '100',
      'x-compose-key-budget-used': '10',
      'x-compose-key-budget-reserved': '20',
      'x-compose-key-budget-remaining': '70',
      'x-compose-output-cap': '64',
      'x-compose-upstream-attempts': '2',
      'x-compose-upstream-model': 'gpt-%C3%BC',
      'x-compose-upstream-provider': 'azure',
    });
    const unlimited = native();
    unlimited.frames({ admission: { budget: { limit: null, spent: 1n, held: 2n }, account: 'a' } });
    expect(Object.keys(unlimited.headers())).toEqual([
      'x-compose-response-id',
      'x-compose-key-budget-used',
      'x-compose-key-budget-reserved',
    ]);
    expect(external().headers()).toEqual({});
  });
});
