import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { chatAnswer, chatChunk, chatUsage, usageChunk } from '../../support/chat-wire.js';
import { fileFor, TestGateway, type CreatedKey } from '../../support/gateway.js';
import {
  startScriptedUpstream,
  type Handler,
  type ScriptedUpstream,
} from '../../support/scripted-upstream.js';
import { expectBill, newPayer, tokenBill } from './bills.js';
import { call, EVERY_WAY } from './ways.js';

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

/** Says two words, whole or streamed; with the upstream's count, if it gives one. */
function twoWords(finishReason: string, usage?: ReturnType<typeof chatUsage>): Handler {
  return (exchange) => {
    if (exchange.request.body.stream === true) {
      const words = ['Two', ' words'].map((content) => chatChunk({ content }));
      exchange.stream(...words, chatChunk({}, finishReason), ...(usage ? [usageChunk(usage)] : []));
    } else {
      exchange.json(chatAnswer({ content: 'Two words' }, finishReason, { usage: usage ?? null }));
    }
  };
}

describe('[charge.completed] completed, or cut at its token limit: measured usage', () => {
  describe.each(EVERY_WAY)('$name', (way) => {
    it('completed is charged by the upstream’s count', async () => {
      upstream.next(twoWords('stop', chatUsage(100, 50)));
      const { status, receipt } = await call(way, gateway, payer.key);
      expect(status).toBe(200);
      await expectBill(gateway, payer, tokenBill(100, 50, false), receipt);
    });

    it('completed with a count that runs along is charged by its last', async () => {
      upstream.next((exchange) => {
        if (exchange.request.body.stream !== true) return twoWords('stop', chatUsage(100, 50))(exchange);
        const words = ['Two', ' words'].map((content, index) =>
          chatChunk({ content }, null, { usage: chatUsage(100, index + 1) }),
        );
        return exchange.stream(...words, chatChunk({}, 'stop', { usage: chatUsage(100, 50) }));
      });
      const { receipt } = await call(way, gateway, payer.key);
      await expectBill(gateway, payer, tokenBill(100, 50, false), receipt);
    });

    it('cut at its token limit is charged by the upstream’s count', async () => {
      upstream.next(twoWords('length', chatUsage(100, 16)));
      const { receipt } = await call(way, gateway, payer.key, { cap: 16 });
      expect((await upstream.arrived(0)).body).toMatchObject({ max_completion_tokens: 16 });
      await expectBill(gateway, payer, tokenBill(100, 16, false), receipt);
    });

    it('completed without a count is counted here, and says so', async () => {
      upstream.next(twoWords('stop'));
      const { receipt } = await call(way, gateway, payer.key);
      await expectBill(gateway, payer, tokenBill(1, 2, true), receipt);
    });
  });
});
