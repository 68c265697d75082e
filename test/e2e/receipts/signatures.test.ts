import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { JsonObject } from '../../../src/base/json.js';
import { chatUsage } from '../../support/chat-wire.js';
import { GatewayClient, receiptIn } from '../../support/gateway-client.js';
import { fileFor, TestGateway } from '../../support/gateway.js';
import { expectGenuine, publishedKeys, receiptInHeader } from '../../support/receipts.js';
import { ResponsesClient } from '../../support/responses-client.js';
import { completion, startScriptedUpstream, type ScriptedUpstream } from '../../support/scripted-upstream.js';
import { SocketClient } from '../responses-socket/socket-client.js';
import { VideosClient } from '../videos/videos-client.js';

interface Completion {
  readonly id: string;
  readonly compose_receipt: unknown;
}

let upstream: ScriptedUpstream;
let gateway: TestGateway;
let keys: readonly JsonObject[];
let key: string;

beforeAll(async () => {
  upstream = await startScriptedUpstream();
  const file = fileFor(upstream.url) as { models: readonly object[] };
  const models = [...file.models, { ...file.models[0], id: 'free', pricing: 'free' }];
  gateway = await TestGateway.start({ file: { ...file, models } });
  keys = await publishedKeys(gateway.url);
});
beforeEach(async () => {
  upstream.reset();
  key = (await gateway.createKey({ budget_limit: '1000000' })).key;
});
afterEach(() => gateway.idle());
afterAll(async () => {
  await gateway.close();
  await upstream.close();
});

describe('the key set', () => {
  it('is public and holds the public key alone', async () => {
    const response = await fetch(`${gateway.url}/.well-known/jwks.json`);
    expect(response.headers.get('content-type')).toContain('application/json');
    expect(await response.json()).toEqual({
      keys: [
        {
          kty: 'OKP',
          crv: 'Ed25519',
          use: 'sig',
          alg: 'EdDSA',
          kid: expect.stringMatching(/^[\w-]{43}$/) as unknown,
          x: expect.stringMatching(/^[\w-]{43}$/) as unknown,
        },
      ],
    });
  });
});

describe('a receipt is signed', () => {
  it('in the body and in the header of a chat completion, which are one receipt', async () => {
    const response = await gateway.chat(key);
    const { compose_receipt: inBody } = (await response.json()) as JsonObject;
    const receipt = expectGenuine(inBody, keys);
    expect(expectGenuine(receiptInHeader(response), keys)).toEqual(receipt);
    expect(receipt).toMatchObject({ type: 'compose.receipt', account: 'acme', network: 'eip155:43113' });
  });

  it('in a chat stream', async () => {
    const stream = await new GatewayClient(gateway.url).stream(key);
    expect(expectGenuine(receiptIn(await stream.frames()), keys)).toMatchObject({ account: 'acme' });
  });

  it('in the body of a response, when it is read again and when it is replayed', async () => {
    const client = new ResponsesClient(gateway.url, key, '/v1');
    const { id, compose_receipt: inBody } = await client.created();
    const receipt = expectGenuine(inBody, keys);
    expect(receipt).toMatchObject({ responseId: id });
    expect((await client.found(id)).compose_receipt).toEqual(inBody);
    const stream = await client.streamed();
    expect(expectGenuine(stream.compose.at(-1)?.data, keys)).toEqual(
      expectGenuine(stream.response.compose_receipt, keys),
    );
  });

  it('in a stored chat completion and in the response that it is', async () => {
    const answer = await gateway.chat(key, { store: true });
    const { id, compose_receipt: inBody } = (await answer.json()) as Completion;
    const found = await fetch(`${gateway.url}/v1/chat/completions/${id}`, {
      headers: { authorization: `Bearer ${key}` },
    });
    expect(((await found.json()) as JsonObject)['compose_receipt']).toEqual(inBody);
    const asResponse = await new ResponsesClient(gateway.url, key, '/v1').found(id);
    expect(expectGenuine(asResponse.compose_receipt, keys)).toEqual(expectGenuine(inBody, keys));
  });

  it('on a WebSocket', async () => {
    const client = await SocketClient.open(gateway.url, key, '/v1');
    client.create();
    const receipt = await client.shows(({ type }) => type === 'compose.receipt');
    client.socket.terminate();
    const { stream_id: _, ...content } = receipt;
    expectGenuine(content, keys);
  });

  it('when the budget does not cover its price, with what was really paid', async () => {
    const { key: small } = await gateway.createKey({ budget_limit: '500' });
    upstream.next(completion('Hi', chatUsage(5000, 100)));
    const response = await gateway.chat(small, { max_tokens: 100, store: true });
    const { id, compose_receipt: inBody } = (await response.json()) as Completion;
    const receipt = expectGenuine(inBody, keys);
    expect(receipt).toMatchObject({ finalAmountWei: '500', providerAmountWei: '5200' });
    expect(receipt['lineItems']).toContainEqual(
      expect.objectContaining({ key: 'overrun', amountWei: '-4752' }),
    );
    const stored = await new ResponsesClient(gateway.url, small, '/v1').found(id);
    expect(expectGenuine(stored.compose_receipt, keys)).toEqual(receipt);
  });

  it('also where it is told again to a request that was sent twice', async () => {
    const { key: small } = await gateway.createKey({ budget_limit: '500' });
    upstream.next(completion('Hi', chatUsage(5000, 100)));
    const headers = { 'idempotency-key': 'once' };
    const first = await gateway.chat(small, { max_tokens: 100 }, { headers });
    const { compose_receipt: inBody } = (await first.json()) as Completion;
    const again = await gateway.chat(small, { max_tokens: 100 }, { headers });
    expect(again.headers.get('x-compose-idempotent-replay')).toBe('true');
    expect(((await again.json()) as Completion).compose_receipt).toEqual(inBody);
    expect(expectGenuine(receiptInHeader(again), keys)).toEqual(expectGenuine(inBody, keys));
    expect(upstream.requests).toHaveLength(1);
  });

  it('of a video', async () => {
    const videos = new VideosClient(gateway.url, key);
    const { id } = await videos.made({ model: 'sandbox/video:seconds=1' });
    const { compose_receipt: inBody } = await videos.ended(id);
    expect(expectGenuine(inBody, keys)).toMatchObject({
      meterSubject: 'sandbox:sandbox/video',
      responseId: id,
    });
  });

  it('also when nothing was to be paid', async () => {
    const { compose_receipt: inBody } = (await (
      await gateway.chat(key, { model: 'free' })
    ).json()) as JsonObject;
    expect(expectGenuine(inBody, keys)).toMatchObject({ finalAmountWei: '0' });
  });
});
