import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { applyMigrations } from '../../../src/storage/migrations/apply-migrations.js';
import { TestGateway } from '../../support/gateway.js';
import { openHolds } from '../../support/ledger-state.js';
import { expectGenuine, publishedKeys } from '../../support/receipts.js';
import { until } from '../../support/until.js';
import { landedDatabase, type LandedDatabase } from './landed-database.js';

/** What the earlier build stored. */
const FIRST = 'resp_7e5a12d5154148eb0e405f84d37454ab';
const SECOND = 'resp_e4b80a4be3955bd43017a31e2bc3018b';
const BACKGROUND = 'resp_957baf228d6cf93e02b1d71a9722037a';
const VIDEO = 'video_ddd2240c2b84ad934ae2cc6dc2d82fd3';
const KEY_ID = 'key_141db1f6b40fa1e1f977fce54e34cfe4';
/** Atomic USDC: 10 tokens at 1 and 5 at 2 USD a million, and 4 seconds at 0.1 USD, each with a fee of 1 %. */
const TEXT_CALL = 21;
const VIDEO_CALL = 404_000;

let upstream: Server;
let landed: LandedDatabase;
let gateway: TestGateway;

/** Says how many messages it was sent, and that every video is finished. */
async function startUpstream(): Promise<Server> {
  const server = createServer((request, response) => {
    void text(request).then((body) => {
      response.setHeader('content-type', 'application/json');
      response.end(JSON.stringify(request.url?.includes('/videos/') ? video() : completion(body)));
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return server;
}

function video(): object {
  return { id: 'vid_up_1', object: 'video', status: 'completed', progress: 100, model: 'film', seconds: '4' };
}

function completion(body: string): object {
  const { messages } = JSON.parse(body) as { messages: readonly object[] };
  const message = { role: 'assistant', content: `seen ${messages.length}` };
  return {
    id: 'c',
    object: 'chat.completion',
    choices: [{ index: 0, message, finish_reason: 'stop' }],
    usage: { prompt_tokens: 10, completion_tokens: 5, total_tokens: 15 },
  };
}

beforeAll(async () => {
  [upstream, landed] = await Promise.all([startUpstream(), landedDatabase()]);
  const { port } = upstream.address() as AddressInfo;
  const { database } = landed;
  await applyMigrations(database.url);
  gateway = await TestGateway.start({
    database,
    environment: { LEASE_MS: '12000', VIDEO_POLL_MS: '500' },
    file: {
      providers: [
        {
          id: 'up',
          type: 'openai',
          base_url: `http://127.0.0.1:${port}/v1`,
          api_key: 'k',
          wires: ['chat', 'videos'],
        },
      ],
      models: [
        {
          id: 'm',
          targets: [{ provider: 'up', model: 'm' }],
          context_window: 10_000,
          max_output_tokens: 1_000,
          pricing: { input: 1, output: 2 },
        },
        {
          id: 'film',
          kind: 'video',
          targets: [{ provider: 'up', model: 'film' }],
          durations: [4],
          pricing: { per_second: 0.1 },
        },
      ],
    },
  });
});

afterAll(async () => {
  await gateway.close();
  await landed.database.drop();
  upstream.close();
});

interface Shown {
  readonly id: string;
  readonly status: string;
  readonly output?: readonly { readonly content: readonly { readonly text: string }[] }[];
}

function call(method: string, path: string, body?: object, headers: object = {}): Promise<Response> {
  return fetch(`${gateway.url}/v1${path}`, {
    method,
    headers: { authorization: `Bearer ${landed.key}`, 'content-type': 'application/json', ...headers },
    ...(body && { body: JSON.stringify(body) }),
  });
}

async function show(path: string): Promise<Shown> {
  const answer = await call('GET', path);
  expect(answer.status).toBe(200);
  return (await answer.json()) as Shown;
}

const textOf = ({ output }: Shown): string | undefined => output?.[0]?.content[0]?.text;

describe('a database that an earlier build left in the middle of its work', () => {
  it('still has its responses, and goes on with their chains', async () => {
    expect(textOf(await show(`/responses/${FIRST}`))).toBe('seen 1 messages');
    const third = await call('POST', '/responses', {
      model: 'm',
      input: 'third',
      previous_response_id: SECOND,
    });
    expect(textOf((await third.json()) as Shown)).toBe('seen 5');
  });

  it('answers a request that it has answered before', async () => {
    const messages = [{ role: 'user', content: 'once' }];
    const answer = await call(
      'POST',
      '/chat/completions',
      { model: 'm', messages },
      { 'idempotency-key': 'done' },
    );
    expect(answer.headers.get('x-compose-idempotent-replay')).toBe('true');
    expect(JSON.stringify(await answer.json())).toContain('seen 1 messages');
  });

  it('charges what was sent when its process died, and says so to who sends it again', async () => {
    const messages = [{ role: 'user', content: 'hang' }];
    await until(async () => {
      const answer = await call(
        'POST',
        '/chat/completions',
        { model: 'm', messages },
        { 'idempotency-key': 'open' },
      );
      return answer.status === 500 && (await answer.text()).includes('was charged');
    });
  });

  it('runs a background response again that nobody has seen anything of, and ends a video with its price', async () => {
    await until(async () => (await show(`/responses/${BACKGROUND}`)).status === 'completed');
    await until(async () => (await show(`/videos/${VIDEO}`)).status === 'completed');
  });

  it('shows and lists its receipts as genuine, those of before to the letter, and those that it writes', async () => {
    const signed = landed.rows['receipts']?.map((row) => (row as { signature: string }).signature) ?? [];
    expect(signed).toHaveLength(3);
    const keys = await publishedKeys(gateway.url);
    await until(async () => (await openHolds(gateway.pool)).length === 0);
    const { data } = (await (await call('GET', '/receipts?limit=100&order=asc')).json()) as {
      readonly data: readonly { readonly id: string; readonly signature: string }[];
    };
    expect(data).toHaveLength(8);
    expect(data.slice(0, 3).map(({ signature }) => signature)).toEqual(signed);
    for (const receipt of data) {
      expectGenuine(receipt, keys);
      expect(await (await call('GET', `/receipts/${receipt.id}`)).json()).toEqual(receipt);
    }
  });

  it('has no hold left, and a receipt for each call', async () => {
    await until(async () => (await openHolds(gateway.pool)).length === 0);
    const { rows } = await gateway.pool.query<{ amount: string }>(
      'SELECT final_amount AS amount FROM receipts WHERE key_id = $1 ORDER BY settled_at',
      [KEY_ID],
    );
    const amounts = rows.map(({ amount }) => Number(amount));
    // Three before, the third of the chain, the background response, and the video; the two that hung are estimated.
    expect(amounts.filter((amount) => amount === TEXT_CALL)).toHaveLength(5);
    expect(amounts.filter((amount) => amount === VIDEO_CALL)).toHaveLength(1);
    expect(amounts).toHaveLength(8);
    const { spent, held } = await gateway.keyBudget(KEY_ID);
    expect({ spent, held }).toEqual({ spent: amounts.reduce((sum, amount) => sum + amount, 0), held: 0 });
  });
});
