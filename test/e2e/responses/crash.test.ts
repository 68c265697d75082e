import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { expectSoundBooks } from '../../support/books.js';
import { nextStalls } from '../../support/chat-scripts.js';
import { chatChunk } from '../../support/chat-wire.js';
import type { OpenStream } from '../../support/gateway-client.js';
import type { GatewayProcess } from '../../support/gateway-process.js';
import { GatewayProcesses } from '../../support/gateway-processes.js';
import { fileFor, type CreatedKey } from '../../support/gateway.js';
import { openHolds, receipts } from '../../support/ledger-state.js';
import { checkedStream, idIn, ResponsesClient, type ResponseBody } from '../../support/responses-client.js';
import { startScriptedUpstream, type ScriptedUpstream } from '../../support/scripted-upstream.js';
import { until } from '../../support/until.js';

const LEASE_MS = 9_000;
/** 400 characters: 100 tokens, roughly. */
const SPOKEN = chatChunk({ role: 'assistant', content: 'word '.repeat(80) });

const processes = GatewayProcesses.forEachTest({ LEASE_MS: String(LEASE_MS) });
let upstream: ScriptedUpstream;
let created: CreatedKey;

beforeAll(async () => {
  upstream = await startScriptedUpstream();
});
beforeEach(() => upstream.reset());
afterAll(() => upstream.close());

function startGateway(): Promise<GatewayProcess> {
  return processes.start({ file: fileFor(upstream.url) });
}

const clientOf = ({ url }: GatewayProcess): ResponsesClient => new ResponsesClient(url, created.key, '/v1');

/** A stream in whose middle the upstream has said something and waits, as far as the lease has recorded it. */
async function openStream(gateway: GatewayProcess, body: object = {}): Promise<OpenStream> {
  created = await gateway.client.createKey({ budget_limit: '1000000' });
  const stalled = nextStalls(upstream, SPOKEN);
  const stream = await clientOf(gateway).open(body);
  await stalled;
  await stream.shows('word word');
  await until(async () => (await openHolds(processes.pool)).some(({ outputTokens }) => outputTokens === 100));
  return stream;
}

async function endOf(client: ResponsesClient, id: string): Promise<ResponseBody> {
  await until(async () => (await client.found(id)).status !== 'in_progress');
  return client.found(id);
}

describe('a gateway that is killed in the middle of a response', () => {
  it.each([
    ['its next start', false],
    ['a living replica', true],
  ])('has it ended as failed by %s, and what was used is paid', async (_, isReplica) => {
    const gateway = await startGateway();
    const replica = isReplica ? await startGateway() : undefined;
    const stream = await openStream(gateway, { metadata: { mark: 'kept' } });
    const id = idIn(stream);
    await processes.killHolder(gateway);
    await expect(stream.ended).rejects.toThrow();

    const next = replica ?? (await startGateway());
    const client = clientOf(next);
    const ended = await endOf(client, id);
    expect(ended).toMatchObject({ id, status: 'failed', output: [], metadata: { mark: 'kept' } });
    expect(ended.error).toEqual({ code: 'server_error', message: expect.any(String) as unknown });
    expect(await openHolds(processes.pool)).toEqual([]);
    expect(await receipts(processes.pool, created.id)).toEqual([{ finalAmount: 210, estimated: true }]);
    expect(ended.compose_receipt).toMatchObject({ final_amount_wei: '210', response_id: id });
    const replay = await checkedStream(await client.find(id, '?stream=true'));
    expect(replay.response).toEqual(ended);
    await expectSoundBooks(processes.pool);
    expect((await client.create({ previous_response_id: id })).status).toBe(400);
    expect((await client.created()).status).toBe('completed');
    expect((await client.erase(id)).status).toBe(200);
    await next.stop();
  });

  it('leaves nothing of a response that was not to be stored', async () => {
    const gateway = await startGateway();
    const stream = await openStream(gateway, { store: false });
    const id = idIn(stream);
    await processes.kill(gateway);
    await expect(stream.ended).rejects.toThrow();
    const next = await startGateway();
    await until(async () => (await openHolds(processes.pool)).length === 0);
    expect((await clientOf(next).find(id)).status).toBe(404);
    expect((await processes.pool.query('SELECT FROM responses')).rowCount).toBe(0);
    expect(await receipts(processes.pool, created.id)).toHaveLength(1);
    await next.stop();
  });

  it('has a cancel through a replica answered once the lease has run out', async () => {
    const [gateway, replica] = [await startGateway(), await startGateway()];
    const stream = await openStream(gateway);
    const id = idIn(stream);
    await processes.killHolder(gateway);
    await expect(stream.ended).rejects.toThrow();
    const answer = await clientOf(replica).cancel(id);
    expect(answer.status).toBe(200);
    const ended = (await answer.json()) as ResponseBody;
    expect(['failed', 'cancelled']).toContain(ended.status);
    expect(await clientOf(replica).found(id)).toEqual(ended);
    await replica.stop();
  });
});
