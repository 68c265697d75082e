import { afterAll, beforeAll, expect, it, jest } from '@jest/globals';
import { Database } from '../../../src/storage/database.js';
import { chatChunk, chatUsage, sse, usageChunk } from '../../support/chat-wire.js';
import { fileFor, TestGateway, type CreatedKey } from '../../support/gateway.js';
import {
  startScriptedUpstream,
  type Exchange,
  type ScriptedUpstream,
} from '../../support/scripted-upstream.js';
import { framesOf } from '../../support/sse-frames.js';
import { createTestDatabase, type TestDatabase } from '../../support/test-database.js';
import { until } from '../../support/until.js';

const FOLLOWERS = 100;
const PIECES = 10;
/** The shortest pause between two looks without news. */
const PAUSE_MS = 50;
/** Looks that may be needed for one event, however many follow: some come while others are on their way. */
const LOOKS = 12;

let upstream: ScriptedUpstream;
let database: TestDatabase;
let gateways: readonly TestGateway[];
let created: CreatedKey;

beforeAll(async () => {
  upstream = await startScriptedUpstream();
  database = await createTestDatabase();
  const options = { file: fileFor(upstream.url), database };
  gateways = await Promise.all([TestGateway.start(options), TestGateway.start(options)]);
  created = await gateways[0]!.createKey({ budget_limit: '1000000' });
});
afterAll(async () => {
  await Promise.all(gateways.map((gateway) => gateway.close()));
  await database.drop();
  await upstream.close();
});

interface Follower {
  text: string;
  readonly ended: Promise<void>;
}

async function follow({ url }: TestGateway, id: string): Promise<Follower> {
  const headers = { authorization: `Bearer ${created.key}` };
  const response = await fetch(`${url}/external/v1/responses/${id}?stream=true`, { headers });
  const follower = { text: '', ended: Promise.resolve() };
  const decoder = new TextDecoder();
  follower.ended = (async () => {
    for await (const bytes of response.body!)
      follower.text += decoder.decode(bytes as Uint8Array, { stream: true });
  })();
  return follower;
}

it('a hundred followers of one response cost the database what a few cost, wherever it runs', async () => {
  const speaking = new Promise<Exchange>((resolve) => upstream.next(resolve));
  const started = await fetch(`${gateways[0]!.url}/external/v1/responses`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${created.key}` },
    body: JSON.stringify({ model: 'test-model', input: 'Hello', background: true, stream: true }),
  });
  const { value: firstBytes } = (await started.body!.getReader().read()) as { value: Uint8Array };
  const [first] = framesOf(new TextDecoder().decode(firstBytes));
  const { id } = (first!.data as { response: { id: string } }).response;
  const exchange = await speaking;

  const looks = gateways.map(({ app }) => jest.spyOn(app.get(Database).pool, 'query'));
  const beganAt = performance.now();
  const followers = await Promise.all(
    gateways.flatMap((gateway) => Array.from({ length: FOLLOWERS }, () => follow(gateway, id))),
  );
  await exchange.send(sse(chatChunk({ role: 'assistant', content: '' })));
  for (let piece = 0; piece < PIECES; piece += 1) {
    await exchange.send(sse(chatChunk({ content: `piece ${piece}.` })));
    await until(() => followers.every(({ text }) => text.includes(`piece ${piece}.`)));
  }
  exchange.end(sse(chatChunk({}, 'stop'), usageChunk(chatUsage(100, 50)), '[DONE]'));
  await Promise.all(followers.map(({ ended }) => ended));

  expect(new Set(followers.map(({ text }) => text)).size).toBe(1);
  // Each may begin alone, with two looks; after that all look together, for each piece and after each pause.
  const pauses = (performance.now() - beganAt) / PAUSE_MS;
  const most = 2 * FOLLOWERS + PIECES * LOOKS + 3 * pauses;
  for (const spy of looks) {
    const named = spy.mock.calls.map(([given]) => (given as unknown as { name?: string }).name);
    expect(named.filter((name) => name === 'events_after').length).toBeLessThan(most);
    spy.mockRestore();
  }
});
