import { describe, expect, it } from '@jest/globals';
import { messagesOf, nextStalls } from '../../support/chat-scripts.js';
import { chatChunk, sse } from '../../support/chat-wire.js';
import { expectLegalEvents } from '../../support/response-event-checker.js';
import { until } from '../../support/until.js';
import { isEnd, type Message } from './socket-client.js';
import { SocketFixture, WORKING } from './socket-fixture.js';

function inLane(messages: readonly Message[], lane: string): readonly object[] {
  return messages
    .filter(({ stream_id }) => stream_id === lane)
    .map(({ stream_id: _lane, ...event }) => event);
}

const fixture = new SocketFixture();

describe('several responses on one socket', () => {
  it('run at the same time in lanes of their own', async () => {
    const [first, second] = [nextStalls(fixture.upstream, WORKING), nextStalls(fixture.upstream, WORKING)];
    fixture.client.create({ stream_id: 'a', input: 'one' });
    fixture.client.create({ stream_id: 'b', input: 'two' });
    const exchanges = await Promise.all([first, second]);
    await until(() => ['a', 'b'].every((lane) => inLane(fixture.client.messages, lane).length > 3));
    for (const exchange of exchanges) exchange.stream(chatChunk({}, 'stop'));
    await until(() => fixture.client.messages.filter(isEnd).length === 2);
    const ids = ['a', 'b'].map((lane) => expectLegalEvents(inLane(fixture.client.messages, lane))['id']);
    expect(new Set(ids).size).toBe(2);
  });

  it('come one after the other in one lane', async () => {
    const stalled = nextStalls(fixture.upstream, WORKING);
    fixture.client.create({ stream_id: 'a', input: 'one' });
    fixture.client.create({ stream_id: 'a', input: 'two' });
    const exchange = await stalled;
    expect(fixture.upstream.requests).toHaveLength(1);
    exchange.stream(chatChunk({}, 'stop'));
    await until(() => fixture.client.messages.filter(isEnd).length === 2);
    const events = inLane(fixture.client.messages, 'a') as readonly Message[];
    const end = events.findIndex(isEnd) + 1;
    expectLegalEvents(events.slice(0, end));
    expectLegalEvents(events.slice(end));
    expect(messagesOf(await fixture.upstream.arrived(1))).toMatchObject([{ content: 'two' }]);
  });

  it('are refused without a lane, and the one in flight goes on', async () => {
    const stalled = nextStalls(fixture.upstream, WORKING);
    fixture.client.create();
    const exchange = await stalled;
    const error = await fixture.client.refusal({ type: 'response.create', model: 'test-model', input: 'Hi' });
    expect(error).toMatchObject({ status: 429, error: { code: 'concurrency_limit_exceeded', param: null } });
    exchange.stream(chatChunk({}, 'stop'));
    await fixture.client.shows(isEnd);
    expectLegalEvents(fixture.client.messages.filter((message) => message !== error));
    expect(fixture.upstream.requests).toHaveLength(1);
  });

  it('are at most sixteen', async () => {
    fixture.upstream.always((exchange) => exchange.send(sse(WORKING)));
    for (let lane = 0; lane < 16; lane += 1) fixture.client.create({ stream_id: `lane-${lane}` });
    const error = await fixture.client.refusal({
      type: 'response.create',
      stream_id: 'more',
      model: 'test-model',
      input: 'Hi',
    });
    expect(error).toMatchObject({ stream_id: 'more', error: { code: 'concurrency_limit_exceeded' } });
    await until(() => fixture.upstream.requests.length === 16);
  });
});
