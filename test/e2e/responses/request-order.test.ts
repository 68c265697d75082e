import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { nextStalls } from '../../support/chat-scripts.js';
import { chatChunk } from '../../support/chat-wire.js';
import { fileFor, TestGateway } from '../../support/gateway.js';
import { ResponsesClient, SURFACES } from '../../support/responses-client.js';
import { startScriptedUpstream, type ScriptedUpstream } from '../../support/scripted-upstream.js';

let upstream: ScriptedUpstream;
let gateway: TestGateway;

beforeAll(async () => {
  upstream = await startScriptedUpstream();
  gateway = await TestGateway.start({ file: fileFor(upstream.url) });
});
beforeEach(() => upstream.reset());
afterAll(async () => {
  await gateway.close();
  await upstream.close();
});

async function records(): Promise<number> {
  const { rows } = await gateway.pool.query<{ count: string }>(
    'SELECT (SELECT count(*) FROM responses) + (SELECT count(*) FROM response_items) AS count',
  );
  return Number(rows[0]?.count);
}

/** What is wrong with a request, from what is told first to what is told last. */
const WRONG = {
  shape: { temperature: 'hot' },
  model: { model: 'no-such-model' },
  chain: { previous_response_id: 'resp_0' },
};

describe.each(SURFACES)('a request on %s', (surface) => {
  const clientOf = async (settings: object): Promise<ResponsesClient> =>
    new ResponsesClient(gateway.url, (await gateway.createKey(settings)).key, surface);
  const told = async (client: ResponsesClient, body: object): Promise<unknown> => {
    const answer = await client.create(body);
    const { error } = (await answer.json()) as { error: { code: string } };
    return [answer.status, error.code];
  };

  it('with a bad key is told that, whatever else is wrong', async () => {
    const nobody = new ResponsesClient(gateway.url, 'compose-nobodynobodynobody', surface);
    const item = { input: [{ type: 'item_reference', id: 'msg_0' }] };
    for (const body of [{}, ...Object.values(WRONG), item, { stream: true, ...WRONG.chain }]) {
      expect(await told(nobody, body)).toEqual([401, 'invalid_api_key']);
    }
  });

  it('with a bad key is told that before anything about a query', async () => {
    const nobody = new ResponsesClient(gateway.url, 'compose-nobodynobodynobody', surface);
    for (const answer of [nobody.find('resp_0', '?stream=no'), nobody.inputItems('resp_0', '?limit=no')]) {
      expect((await answer).status).toBe(401);
    }
  });

  it('for a page that starts after two items at once is refused', async () => {
    const client = await clientOf({});
    const { id } = await client.created();
    const answer = await client.inputItems(id, '?after=msg_1&after=msg_2');
    expect([answer.status, await answer.json()]).toMatchObject([400, { error: { param: 'after' } }]);
  });

  it('is told about its shape before its model, its chain and its budget', async () => {
    const poor = await clientOf({ budget_limit: '0' });
    const { shape, model, chain } = WRONG;
    expect(await told(poor, { ...shape, ...model, ...chain })).toEqual([400, 'invalid_value']);
    expect(await told(poor, { ...model, ...chain })).toEqual([404, 'model_not_found']);
    expect(await told(poor, chain)).toEqual([400, 'previous_response_not_found']);
    expect(await told(poor, {})).toEqual([402, 'insufficient_budget']);
  });

  it('that the budget does not cover leaves no record', async () => {
    const before = await records();
    const poor = await clientOf({ budget_limit: '5' });
    for (const stream of [true, false]) {
      expect(await told(poor, { stream })).toEqual([402, 'insufficient_budget']);
    }
    expect(await told(await clientOf({ allowed_models: ['another'] }), {})).toEqual([
      403,
      'model_not_allowed',
    ]);
    expect(await records()).toBe(before);
    expect(upstream.requests).toHaveLength(0);
  });

  it.each([
    ['budget_held', { budget_limit: '2100' }],
    ['concurrency_limit_exceeded', { max_concurrent_requests: 1 }],
    ['rate_limit_exceeded', { rate_limit_rpm: 1 }],
  ])('that has to wait (%s) leaves no record', async (code, settings) => {
    const client = await clientOf(settings);
    const stalled = nextStalls(upstream, chatChunk({ content: 'Once' }));
    const leaving = new AbortController();
    const stream = await client.open({}, leaving.signal);
    const exchange = await stalled;
    await stream.shows('Once');
    const before = await records();
    expect(await told(client, {})).toEqual([429, code]);
    expect(await records()).toBe(before);
    leaving.abort();
    await exchange.aborted;
    await gateway.idle();
  });
});
