import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { chatAnswer, chatChunk, chatUsage, sse, usageChunk } from '../../support/chat-wire.js';
import { fileFor, TestGateway, type CreatedKey } from '../../support/gateway.js';
import {
  refusal,
  startScriptedUpstream,
  type Handler,
  type ScriptedUpstream,
} from '../../support/scripted-upstream.js';
import { expectBill, newPayer, tokenBill } from './bills.js';
import { BACKGROUND, call, FOREGROUND, STREAMS, WHOLE } from './ways.js';

let upstream: ScriptedUpstream;
let gateway: TestGateway;
let payer: CreatedKey;

beforeAll(async () => {
  upstream = await startScriptedUpstream();
  gateway = await TestGateway.start({ file: fileFor(upstream.url) });
});
beforeEach(async () => {
  upstream.reset();
  payer = await newPayer(gateway);
});
afterAll(async () => {
  await gateway.close();
  await upstream.close();
});

const BEGUN = [chatChunk({ role: 'assistant', content: 'Two' }), chatChunk({ content: ' words' })];

/** What is read back from the store has the codes that a Response may have. */
function brokenCode({ background }: { readonly background?: boolean }): string {
  return background ? 'server_error' : 'upstream_error';
}

describe('[charge.provider-broke-stream] upstream failed after part of a stream had gone out: as for a client that left', () => {
  const counts = [
    ['counted here', [], tokenBill(1, 2, true)],
    ['by the upstream’s count', [usageChunk(chatUsage(100, 50))], tokenBill(100, 50, false)],
  ] as const;
  const failures: readonly (readonly [string, (begun: string) => Handler])[] = [
    [
      'a broken connection',
      (begun) => async (exchange) => {
        await exchange.send(begun);
        exchange.breakConnection();
      },
    ],
    ['an error frame', (begun) => (exchange) => exchange.end(begun + sse({ error: { message: 'no' } }))],
    ['an end without a finish', (begun) => (exchange) => exchange.end(begun)],
  ];

  describe.each(counts)('%s', (_count, count, bill) => {
    describe.each(failures)('after %s', (_failure, fails) => {
      it.each(STREAMS)('$name', async (way) => {
        upstream.always(fails(sse(...BEGUN, ...count)));
        const { status, code, receipt } = await call(way, gateway, payer.key);
        expect([status, code]).toEqual([200, brokenCode(way)]);
        expect(upstream.requests).toHaveLength(1);
        await expectBill(gateway, payer, bill, receipt);
      });
    });
  });
});

describe('[charge.provider-failed] upstream failed before the first token: nothing', () => {
  const heads = [
    ['the head of a stream', ''],
    ['a comment', ': processing\n\n'],
    ['the role', sse(chatChunk({ role: 'assistant', content: '' }))],
    ['a count', sse(usageChunk(chatUsage(100, 0)))],
  ] as const;

  describe.each(heads)('after %s', (_, bytes) => {
    it.each(STREAMS)('$name', async (way) => {
      upstream.always(async (exchange) => {
        exchange.head();
        if (bytes !== '') await exchange.send(bytes);
        exchange.breakConnection();
      });
      const { code, receipt } = await call(way, gateway, payer.key);
      expect(code).toBe(brokenCode(way));
      await expectBill(gateway, payer, 'nothing', receipt);
    });
  });
});

describe('upstream failed after something that is not text: charged for it', () => {
  const toolCall = { index: 0, id: 'call_1', type: 'function', function: { name: 'look', arguments: '' } };
  const first = [
    ['thoughts', { reasoning_content: 'Two words' }],
    ['a refusal', { refusal: 'Two words' }],
    ['a call of a tool', { tool_calls: [toolCall] }],
  ] as const;

  describe.each(first)('%s', (_, delta) => {
    it.each(STREAMS)('$name', async (way) => {
      upstream.always((exchange) => exchange.end(sse(chatChunk(delta))));
      const { status, code, receipt } = await call(way, gateway, payer.key);
      expect([status, code]).toEqual([200, brokenCode(way)]);
      const output = 'tool_calls' in delta ? 1 : 2;
      await expectBill(gateway, payer, tokenBill(1, output, true), receipt);
    });
  });
});

const breaksOff: Handler = async (exchange) => {
  exchange.head(200, { 'content-type': 'application/json' });
  await exchange.send(JSON.stringify(chatAnswer({ content: 'Two words' })).slice(0, 60));
  exchange.breakConnection();
};

const NOT_A_TOKEN: readonly (readonly [string, Handler, number])[] = [
  ['refuses the request', refusal(400, { param: 'temperature' }), 400],
  ['does not know the gateway', refusal(401), 502],
  ['wants the gateway to pay', refusal(402), 502],
  ['does not know the model', refusal(404), 502],
  ['is asked too often', refusal(429), 429],
  ['breaks', refusal(500), 502],
  ['is overloaded', refusal(503), 503],
  ['says nothing that makes sense', (exchange) => exchange.end('nonsense'), 502],
  ['hangs up', (exchange) => exchange.breakConnection(), 502],
];

describe('[charge.error-status] every answer with an error status: nothing', () => {
  describe.each(NOT_A_TOKEN)('when the upstream %s', (_, handler, expected) => {
    it.each(FOREGROUND)('$name', async (way) => {
      upstream.always(handler);
      const { status, receipt } = await call(way, gateway, payer.key);
      expect(status).toBe(expected);
      await expectBill(gateway, payer, 'nothing', receipt);
    });

    it.each(BACKGROUND)('$name, which fails', async (way) => {
      upstream.always(handler);
      const { code, receipt } = await call(way, gateway, payer.key);
      expect(code).toEqual(expect.any(String));
      await expectBill(gateway, payer, 'nothing', receipt);
    });
  });

  it.each(WHOLE)('$name, when the upstream broke off its answer', async (way) => {
    upstream.always(breaksOff);
    const { status, code, receipt } = await call(way, gateway, payer.key);
    expect([status, code]).toEqual([way.background ? 200 : 502, brokenCode(way)]);
    await expectBill(gateway, payer, 'nothing', receipt);
  });

  it.each(WHOLE)('$name, when the upstream’s answer has no choice in it but a count', async (way) => {
    upstream.always((exchange) => exchange.json({ object: 'chat.completion', usage: chatUsage(100, 50) }));
    const { code, receipt } = await call(way, gateway, payer.key);
    expect(code).toBe(brokenCode(way));
    await expectBill(gateway, payer, 'nothing', receipt);
  });
});
