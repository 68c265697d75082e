import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { expectSoundBooks } from '../../support/books.js';
import { messagesOf, nextStalls } from '../../support/chat-scripts.js';
import { chatChunk, chatUsage } from '../../support/chat-wire.js';
import { fileFor, TestGateway, type CreatedKey } from '../../support/gateway.js';
import { receipts } from '../../support/ledger-state.js';
import { refusalOf } from '../../support/refusal-of.js';
import {
  idIn,
  ResponsesClient,
  SURFACES,
  textOf,
  type ResponseBody,
  type Surface,
} from '../../support/responses-client.js';
import { completion, startScriptedUpstream, type ScriptedUpstream } from '../../support/scripted-upstream.js';
import {
  COMPACTING,
  ONE_CALL,
  SUMMARY,
  TRIGGER,
  TURNS,
  TWO_CALLS,
  types,
} from '../responses/compaction-bodies.js';

let upstream: ScriptedUpstream;
let gateway: TestGateway;
let created: CreatedKey;
let client: ResponsesClient;

beforeAll(async () => {
  upstream = await startScriptedUpstream();
  gateway = await TestGateway.start({ file: fileFor(upstream.url) });
});
beforeEach(async () => {
  upstream.reset();
  created = await gateway.createKey({ budget_limit: '10000000' });
  client = clientOn('/external/v1');
});
afterEach(() => expectSoundBooks(gateway.pool));
afterAll(async () => {
  await gateway.close();
  await upstream.close();
});

function clientOn(surface: Surface): ResponsesClient {
  return new ResponsesClient(gateway.url, created.key, surface);
}

function summarises(text: string): void {
  upstream.next(completion(text, chatUsage(100, 50)));
}

const answers = summarises;

/** Role and text of each message of a request that the upstream got. */
function saidIn(position: number): readonly (readonly [unknown, unknown])[] {
  const request = upstream.requests.at(position);
  return request ? messagesOf(request).map(({ role, content }) => [role, content] as const) : [];
}

async function charged(): Promise<readonly number[]> {
  return (await receipts(gateway.pool, created.id)).map(({ finalAmount }) => finalAmount);
}

describe('[charge.compacted] what a compaction costs', () => {
  it.each(SURFACES)('is in the one receipt of its call on %s', async (surface) => {
    summarises('They met.');
    answers('Fine.');
    const response = await clientOn(surface).created({
      ...COMPACTING,
      input: [...TURNS, { role: 'user', content: 'Hi' }],
    });
    expect(response.compose_receipt !== undefined).toBe(surface === '/v1');
    if (surface === '/v1') {
      expect(response.compose_receipt).toMatchObject({
        final_amount_wei: String(TWO_CALLS),
        line_items: [
          { key: 'input_tokens', quantity: 200 },
          { key: 'output_tokens', quantity: 100 },
        ],
      });
    }
    expect(await charged()).toEqual([TWO_CALLS]);
  });

  it('is held for before it runs', async () => {
    // The answer alone could be cut short; the summary could not.
    created = await gateway.createKey({ budget_limit: '2000' });
    client = clientOn('/external/v1');
    const input = [...TURNS, { role: 'user', content: 'Hi' }];
    expect((await refusalOf(await client.create({ ...COMPACTING, input }))).status).toBe(402);
    expect(upstream.requests).toHaveLength(0);
    await client.created({ input: 'Hi', max_output_tokens: 16 });
  });

  it('is cut to what the budget affords where the compaction is all there is', async () => {
    created = await gateway.createKey({ budget_limit: '7500' });
    summarises('They met.');
    const compacted = await clientOn('/external/v1').created({ input: [...TURNS, TRIGGER] });
    expect(types(compacted)).toEqual(['compaction']);
    const { max_completion_tokens, max_tokens = max_completion_tokens } = upstream.requests[0]?.body ?? {};
    expect(max_tokens).toBeGreaterThan(16);
    expect(max_tokens).toBeLessThan(1_000);
  });

  it.each<readonly [string, boolean]>([
    ['whole', false],
    ['streamed', true],
  ])('is nothing when there is no summary: %s', async (_, stream) => {
    upstream.always(completion(' '));
    const answer = await client.create({ stream, input: [...TURNS, TRIGGER] });
    const text = await answer.text();
    expect([answer.status, text.includes('response.failed')]).toEqual(stream ? [200, true] : [502, false]);
    expect(await charged()).toEqual([]);
  });

  it('is paid when its stream breaks in the answer, and nothing where nobody saw it', async () => {
    const input = [...TURNS, { role: 'user', content: 'Hi' }];
    for (const stream of [false, true]) {
      summarises('They met.');
      upstream.next(async (exchange) => {
        await exchange.send(': hello\n\n');
        exchange.breakConnection();
      });
      upstream.next((exchange) => exchange.breakConnection());
      upstream.next((exchange) => exchange.breakConnection());
      const answer = await client.create({ ...COMPACTING, stream, input });
      const text = await answer.text();
      expect([answer.status, text.includes('"type":"compaction"')]).toEqual(
        stream ? [200, true] : [502, false],
      );
      expect(await charged()).toHaveLength(stream ? 1 : 0);
    }
  });

  it('is the input when it is cancelled meanwhile, and all of it when the answer is', async () => {
    const input = [...TURNS, { role: 'user', content: 'Hi' }];
    const asked = nextStalls(upstream, chatChunk({ content: 'They' }));
    const accepted = await client.created({ ...COMPACTING, background: true, input });
    await asked;
    expect(await (await client.cancel(accepted.id)).json()).toMatchObject({
      status: 'cancelled',
      output: [],
    });
    expect(await charged()).toHaveLength(1);

    summarises('They met.');
    const answering = nextStalls(upstream, chatChunk({ content: 'Fi' }));
    const stream = await client.open({ ...COMPACTING, input });
    await answering;
    await stream.shows('Fi');
    const cancelled = (await (await client.cancel(idIn(stream))).json()) as ResponseBody;
    expect(types(cancelled)).toEqual(['compaction', 'message']);
    expect(textOf(cancelled)).toBe('Fi');
    const [, all] = await charged();
    expect(all).toBeGreaterThan(ONE_CALL);
    const next = await client.created({ input: 'Again', previous_response_id: cancelled.id });
    expect(next.status).toBe('completed');
    expect(saidIn(-1).map(([, text]) => text)).toEqual([
      'Be brief.',
      `${SUMMARY}They met.`,
      'Hi',
      'Fi',
      'Again',
    ]);
  });
});
