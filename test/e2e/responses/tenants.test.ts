import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { fileFor, TestGateway } from '../../support/gateway.js';
import { refusalOf } from '../../support/refusal-of.js';
import { ResponsesClient, SURFACES } from '../../support/responses-client.js';
import { startScriptedUpstream, type ScriptedUpstream } from '../../support/scripted-upstream.js';

let upstream: ScriptedUpstream;
let gateway: TestGateway;

beforeAll(async () => {
  upstream = await startScriptedUpstream();
  gateway = await TestGateway.start({ file: fileFor(upstream.url) });
});
afterAll(async () => {
  await gateway.close();
  await upstream.close();
});

describe.each(SURFACES)('a stored response on %s', (surface) => {
  const clientOf = async (account: string): Promise<ResponsesClient> => {
    const { key } = await gateway.createKey({ account, budget_limit: '1000000' });
    return new ResponsesClient(gateway.url, key, surface);
  };

  const ROUTES: Readonly<Record<string, (client: ResponsesClient, id: string) => Promise<Response>>> = {
    retrieve: (client, id) => client.find(id),
    stream: (client, id) => client.find(id, '?stream=true'),
    'input items': (client, id) => client.inputItems(id),
    cancel: (client, id) => client.cancel(id),
    delete: (client, id) => client.erase(id),
  };

  it.each(Object.entries(ROUTES))('is not there for another account: %s', async (_, call) => {
    const owner = await clientOf('owner');
    const stranger = await clientOf('stranger');
    const { id } = await owner.created();
    for (const unknown of [id, 'resp_0', 'nonsense', '%00', '%F0%9F%A6%8A', 'x'.repeat(5_000)]) {
      const { status, error } = await refusalOf(await call(stranger, unknown));
      expect({ status, ...error }).toEqual({
        status: 404,
        type: 'invalid_request_error',
        code: 'response_not_found',
        param: null,
        message: `Response with id '${decodeURIComponent(unknown)}' not found.`,
      });
    }
    expect((await owner.found(id)).status).toBe('completed');
  });

  it('is read, continued and deleted by every key of its account', async () => {
    const [one, other] = [await clientOf('owner'), await clientOf('owner')];
    const made = await one.created();
    expect(await other.found(made.id)).toEqual(made);
    expect((await other.inputItems(made.id)).status).toBe(200);
    expect((await other.created({ previous_response_id: made.id })).previous_response_id).toBe(made.id);
    const reference = { type: 'item_reference', id: made.output[0]?.id };
    expect((await other.created({ input: [reference] })).status).toBe('completed');
    expect((await other.erase(made.id)).status).toBe(200);
    expect((await one.find(made.id)).status).toBe(404);
  });

  it('is not there for another account to continue from', async () => {
    const [owner, stranger] = [await clientOf('owner'), await clientOf('stranger')];
    const { id } = await owner.created();
    for (const unknown of [id, 'resp_0', 'a\u0000b', '\ud800']) {
      const answer = await stranger.create({ previous_response_id: unknown });
      const { status, error } = await refusalOf(answer);
      expect({ status, code: error.code, param: error.param, message: error.message }).toEqual({
        status: 400,
        code: 'previous_response_not_found',
        param: 'previous_response_id',
        message: `Previous response with id '${unknown}' not found.`,
      });
    }
  });

  it('has items that are not there for another account to refer to', async () => {
    const [owner, stranger] = [await clientOf('owner'), await clientOf('stranger')];
    const made = await owner.created();
    for (const unknown of [made.output[0]!.id!, 'msg_0', 'a\u0000b']) {
      const answer = await stranger.create({ input: [{ type: 'item_reference', id: unknown }] });
      const { status, error } = await refusalOf(answer);
      expect({ status, message: error.message }).toEqual({
        status: 400,
        message: `Item with id '${unknown}' not found.`,
      });
    }
  });

  it('is not there without a key', async () => {
    const { id } = await (await clientOf('owner')).created();
    const nobody = new ResponsesClient(gateway.url, 'compose-nobodynobodynobody', surface);
    for (const call of Object.values(ROUTES)) {
      const { status, error } = await refusalOf(await call(nobody, id));
      expect({ status, code: error.code }).toEqual({ status: 401, code: 'invalid_api_key' });
    }
  });
});
