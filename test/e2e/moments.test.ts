import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { shutDown } from '../../src/app/shutdown.js';
import type { Moment } from '../../src/base/moments/moment.js';
import { Moments } from '../../src/base/moments/moments.js';
import { chatChunk, chatUsage, sse } from '../support/chat-wire.js';
import { ADMIN_TOKEN, fileFor, TestGateway } from '../support/gateway.js';
import { framesOf } from '../support/sse-frames.js';
import {
  completion,
  refusal,
  startScriptedUpstream,
  type ScriptedUpstream,
} from '../support/scripted-upstream.js';
import { createTestDatabase } from '../support/test-database.js';
import { until } from '../support/until.js';

const PROMPT = 'What the client asks';
const ANSWER = 'What the model says';
const messages = [{ role: 'user', content: PROMPT }];

let upstream: ScriptedUpstream;
let gateway: TestGateway;
let heard: Moment[] = [];
let endListening: () => void;

beforeAll(async () => {
  upstream = await startScriptedUpstream();
  gateway = await TestGateway.start({ file: fileFor(upstream.url) });
});
afterAll(async () => {
  await gateway.close();
  await upstream.close();
});
beforeEach(() => {
  upstream.reset();
  upstream.always(completion(ANSWER, chatUsage(100, 50)));
  heard = [];
  endListening = gateway.app.get(Moments).subscribe((moment) => heard.push(moment));
});
afterEach(() => endListening());

const asked = (id: string) => ({ headers: { 'x-request-id': id } });

/** The moments of one request, in order, when it has had its answer and its call an end. */
async function momentsOf(requestId: string): Promise<readonly Moment[]> {
  const found = (): Moment[] =>
    heard.filter((moment) => 'requestId' in moment && moment.requestId === requestId);
  await until(() => found().some(({ type }) => type === 'answered'));
  await gateway.idle();
  return found();
}

/** Of all moments of a call the same one. */
function responseIdOf(moments: readonly Moment[]): string {
  const ids = moments.flatMap((moment) => ('responseId' in moment ? [moment.responseId] : []));
  expect(new Set(ids).size).toBe(1);
  // All but the answer to the request, which may have begun no call.
  expect(ids).toHaveLength(moments.length - 1);
  return ids[0]!;
}

const typesOf = (moments: readonly Moment[]): readonly string[] => moments.map(({ type }) => type);

describe('the moments of a call', () => {
  it.each([true, false])('tell of its whole way, in order (stream: %s)', async (stream) => {
    const { id: keyId, key } = await gateway.createKey({ account: 'watched' });
    const answer = await gateway.chat(key, { stream, messages }, asked(`whole-${stream}`));
    const text = await answer.text();
    const moments = await momentsOf(`whole-${stream}`);
    const responseId = responseIdOf(moments);
    const target = { provider: 'upstream', upstreamModel: 'upstream-model', attempt: 1 };
    const call = { exchange: expect.any(Object) as unknown, model: 'test-model' };
    expect(moments).toMatchObject([
      { type: 'received', ...call, streamed: stream, background: false },
      { type: 'held', keyId, account: 'watched', amountAtomic: expect.stringMatching(/^\d+$/) as unknown },
      { type: 'attempt_begun', ...target },
      { type: 'first_event', afterMs: expect.any(Number) as unknown },
      {
        type: 'attempt_ended',
        ...target,
        outcome: 'answered',
        input: { inputTokens: 100, cachedInputTokens: 0 },
      },
      {
        type: 'settled',
        ...call,
        entryId: 'test-model',
        provider: 'upstream',
        outcome: 'completed',
        keyId,
        account: 'watched',
        usage: { inputTokens: 100, outputTokens: 50 },
        estimated: false,
        costAtomic: '202',
      },
      { type: 'answered', surface: 'native', method: 'POST', path: '/v1/chat/completions', status: 200 },
    ]);
    const settled = moments.find(({ type }) => type === 'settled');
    expect(text).toContain((settled as { receiptId: string }).receiptId);
    expect(text).toContain(responseId);
    const exchanges = moments.flatMap((moment) => ('exchange' in moment ? [moment.exchange] : []));
    expect(exchanges).toHaveLength(3);
    expect(new Set(exchanges).size).toBe(1);
  });

  it('tell of a refusal by the books, and of one before there was a call', async () => {
    const { key: poor } = await gateway.createKey({ budget_limit: '1' });
    await gateway.chat(poor, { messages }, asked('poor'));
    const moments = await momentsOf('poor');
    responseIdOf(moments);
    expect(moments).toMatchObject([
      { type: 'received' },
      { type: 'refused', outcome: 'refused', code: 'insufficient_budget', receiptId: undefined },
      { type: 'answered', status: 402, code: 'insufficient_budget' },
    ]);
    await gateway.chat(poor, { messages, model: 'nobody' }, asked('unknown'));
    expect(await momentsOf('unknown')).toMatchObject([
      { type: 'answered', status: 404, code: 'model_not_found' },
    ]);
  });

  it('tell of each attempt at a provider that fails', async () => {
    const { key } = await gateway.createKey();
    upstream.next(refusal(500)).next(refusal(503));
    await gateway.chat(key, { messages }, asked('retried'));
    const moments = await momentsOf('retried');
    responseIdOf(moments);
    expect(moments).toMatchObject([
      { type: 'received' },
      { type: 'held' },
      { type: 'attempt_begun', attempt: 1 },
      { type: 'attempt_ended', attempt: 1, outcome: 'upstream_error' },
      { type: 'attempt_begun', attempt: 2 },
      { type: 'attempt_ended', attempt: 2, outcome: 'upstream_unavailable' },
      { type: 'attempt_begun', attempt: 3 },
      { type: 'first_event' },
      { type: 'attempt_ended', attempt: 3, outcome: 'answered' },
      { type: 'settled', outcome: 'completed' },
      { type: 'answered', status: 200 },
    ]);
    upstream.always(refusal(400));
    await gateway.chat(key, { messages }, asked('failed'));
    expect((await momentsOf('failed')).slice(2)).toMatchObject([
      { type: 'attempt_begun', attempt: 1 },
      { type: 'attempt_ended', attempt: 1, outcome: 'invalid_value' },
      { type: 'released', outcome: 'failed', code: 'invalid_value', costAtomic: undefined },
      { type: 'answered', status: 400, code: 'invalid_value' },
    ]);
  });

  it('tell of a client that leaves, before and after the first word', async () => {
    const { key } = await gateway.createKey();
    for (const [id, beginning] of [
      ['left-late', sse(chatChunk({ role: 'assistant', content: 'Half' }))],
      ['left-early', ''],
    ] as const) {
      upstream.reset();
      upstream.next(async (exchange) => {
        if (beginning) await exchange.send(beginning);
        await exchange.aborted;
      });
      const leaving = new AbortController();
      const answer = gateway.chat(key, { stream: true, messages }, { ...asked(id), signal: leaving.signal });
      await upstream.arrived(0);
      if (beginning) await (await answer).body?.getReader().read();
      leaving.abort();
      await answer.catch(() => undefined);
      const moments = await momentsOf(id);
      responseIdOf(moments);
      const [answered] = moments.filter(({ type }) => type === 'answered');
      expect(answered).toMatchObject({ status: 'left' });
      // Whoever is told first that the client has left: both are, at the same moment.
      expect(moments.filter((moment) => moment !== answered)).toMatchObject([
        { type: 'received' },
        { type: 'held' },
        { type: 'attempt_begun' },
        ...(beginning ? [{ type: 'first_event' }] : []),
        { type: 'attempt_ended', outcome: 'abandoned' },
        { type: 'settled', outcome: 'cancelled', estimated: true },
      ]);
    }
  });

  it('hold no secret, and nothing that a client or a model has said', async () => {
    const { key } = await gateway.createKey();
    await (await gateway.chat(key, { stream: true, messages }, asked('quiet'))).text();
    upstream.always(refusal(400, { message: `Not with ${PROMPT} and sk-upstream-secret` }));
    await gateway.chat(key, { messages }, asked('quiet-too'));
    await fetch(`${gateway.url}/v1/models?api_key=${key}`, {
      headers: { authorization: `Bearer ${key}`, ...asked('quiet-get').headers },
    });
    expect(typesOf(await momentsOf('quiet'))).toContain('settled');
    expect(typesOf(await momentsOf('quiet-too'))).toContain('released');
    expect(await momentsOf('quiet-get')).toMatchObject([{ type: 'answered', path: '/v1/models' }]);
    const { rows } = await gateway.pool.query<{ hash: Buffer }>('SELECT key_hash AS hash FROM api_keys');
    const hashes = rows.flatMap(({ hash }) => [hash.toString('hex'), hash.toString('base64'), hash.toJSON()]);
    const told = JSON.stringify(heard);
    for (const secret of [PROMPT, ANSWER, key, 'sk-upstream-secret', ADMIN_TOKEN, ...hashes])
      expect(told).not.toContain(typeof secret === 'string' ? secret : JSON.stringify(secret.data));
  });
});

describe('a listener that throws', () => {
  it('breaks neither the call nor those that listen after it', async () => {
    const log: string[] = [];
    const isolated = await TestGateway.start({ file: fileFor(upstream.url), log });
    const moments = isolated.app.get(Moments);
    moments.subscribe(() => {
      throw new Error('a listener that throws');
    });
    const types: string[] = [];
    moments.subscribe(({ type }) => types.push(type));
    const { key } = await isolated.createKey();
    types.length = 0;
    const answer = await isolated.chat(key, { stream: true, messages });
    expect(framesOf(await answer.text()).at(-1)?.data).toBe('[DONE]');
    await until(() => types.includes('answered'));
    expect(types).toContain('settled');
    expect(log.join('')).toContain('a listener that throws');
    await isolated.close();
  });
});

describe('a call that moves to another process', () => {
  it('is told of by both, under the same ids', async () => {
    const database = await createTestDatabase();
    const options = { database, file: fileFor(upstream.url), environment: { LEASE_MS: '12000' } };
    const [first, second] = await Promise.all([TestGateway.start(options), TestGateway.start(options)]);
    const told: [string, Moment][] = [];
    first.app.get(Moments).subscribe((moment) => told.push(['first', moment]));
    second.app.get(Moments).subscribe((moment) => told.push(['second', moment]));
    const { key } = await first.createKey();
    upstream.next(({ aborted }) => aborted);
    await fetch(`${first.url}/v1/responses`, {
      method: 'POST',
      headers: { authorization: `Bearer ${key}`, ...asked('moved').headers },
      body: JSON.stringify({ model: 'test-model', input: PROMPT, background: true }),
    });
    await upstream.arrived(0);
    await shutDown(first.app, { graceMs: 0, hurry: AbortSignal.abort() });
    const ofCall = (): [string, Moment][] =>
      told.filter(([, moment]) => 'responseId' in moment && moment.requestId === 'moved');
    await until(() => ofCall().some(([, { type }]) => type === 'settled'));
    responseIdOf([...ofCall().map(([, moment]) => moment), { type: 'video_changed', videoId: '' }]);
    expect(ofCall().map(([process, { type }]) => `${process} ${type}`)).toEqual([
      'first received',
      'first held',
      'first attempt_begun',
      'first moved',
      'first attempt_ended',
      'second received',
      'second held',
      'second attempt_begun',
      'second first_event',
      'second attempt_ended',
      'second settled',
    ]);
    await second.close();
    await database.drop();
  });
});
