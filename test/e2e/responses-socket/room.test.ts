import { describe, expect, it } from '@jest/globals';
import { nextStalls } from '../../support/chat-scripts.js';
import { chatChunk } from '../../support/chat-wire.js';
import { until } from '../../support/until.js';
import { isEnd, type SocketClient } from './socket-client.js';
import { SocketFixture, WORKING } from './socket-fixture.js';

const fixture = new SocketFixture({ KEY_BODY_MEMORY_BYTES: '300000' });
const LARGE = 'x'.repeat(250_000);

const ends = (client: SocketClient): number => client.messages.filter(isEnd).length;
const createIn = (lane: string): object => ({
  type: 'response.create',
  stream_id: lane,
  model: 'test-model',
  input: LARGE,
});

describe('the messages of one key', () => {
  it('take room on all its sockets together, until their responses have ended', async () => {
    const other = await fixture.open();
    const stalled = nextStalls(fixture.upstream, WORKING);
    fixture.client.create({ stream_id: 'a', input: LARGE });
    const exchange = await stalled;
    expect(await other.refusal(createIn('b'))).toMatchObject({
      status: 429,
      error: { code: 'concurrency_limit_exceeded' },
    });
    other.create({ stream_id: 'c', input: 'small' });
    await until(() => ends(other) === 1);
    exchange.stream(chatChunk({}, 'stop'));
    await until(() => ends(fixture.client) === 1);
    other.create({ stream_id: 'd', input: LARGE });
    await until(() => ends(other) === 2);
  });

  it('give it back when they are dropped, or refused', async () => {
    const leaving = await fixture.open();
    const stalled = nextStalls(fixture.upstream, WORKING);
    leaving.create({ stream_id: 'a', input: 'first' });
    const exchange = await stalled;
    leaving.create({ stream_id: 'a', input: LARGE });
    // Messages are taken in order: when this is refused, the one before it waits.
    await leaving.refusal({ type: 'nonsense' });
    expect(await fixture.client.refusal(createIn('b'))).toMatchObject({
      error: { code: 'concurrency_limit_exceeded' },
    });
    leaving.socket.terminate();
    await exchange.aborted;
    await fixture.gateway.idle();
    fixture.client.create({ stream_id: 'unknown', model: 'no-such-model', input: LARGE });
    await fixture.client.shows(({ stream_id }) => stream_id === 'unknown');
    fixture.client.create({ stream_id: 'c', input: LARGE });
    await until(() => ends(fixture.client) === 1);
  });
});
