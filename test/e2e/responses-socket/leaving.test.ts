import { describe, expect, it, jest } from '@jest/globals';
import { Logger } from '@nestjs/common';
import { ConversationStore } from '../../../src/responses/conversations/conversation-store.js';
import { ResponseTurn } from '../../../src/responses/socket/response-turn.js';
import { nextStalls } from '../../support/chat-scripts.js';
import { expectLegalEvents } from '../../support/response-event-checker.js';
import { completion } from '../../support/scripted-upstream.js';
import { until } from '../../support/until.js';
import { isEnd } from './socket-client.js';
import { SocketFixture, WORKING } from './socket-fixture.js';

const fixture = new SocketFixture();

describe('a client that leaves', () => {
  it.each(['close', 'terminate'] as const)(
    'ends what runs, which is settled and stored (%s)',
    async (how) => {
      const stalled = [nextStalls(fixture.upstream, WORKING), nextStalls(fixture.upstream, WORKING)];
      fixture.client.create({ stream_id: 'a' });
      fixture.client.create({ stream_id: 'b' });
      fixture.client.create({ stream_id: 'b', input: 'never asked' });
      const exchanges = await Promise.all(stalled);
      await until(
        () => fixture.client.messages.filter(({ type }) => type.endsWith('output_text.delta')).length === 2,
      );
      fixture.client.socket[how]();
      await Promise.all(exchanges.map(({ aborted }) => aborted));
      await fixture.gateway.idle();
      for (const { response } of fixture.client.messages.filter(({ type }) => type === 'response.created')) {
        const { id } = response as { id: string };
        expect(await (await fixture.get(id)).json()).toMatchObject({
          status: 'cancelled',
          output: [{ content: [{ text: 'Working' }] }],
        });
      }
      expect(fixture.upstream.requests).toHaveLength(2);
    },
  );

  it('while it waits for its turn on a conversation is no failure of the gateway', async () => {
    const headers = { authorization: `Bearer ${fixture.key}` };
    const made = await fetch(`${fixture.gateway.url}/v1/conversations`, { method: 'POST', headers });
    const { id: conversation } = (await made.json()) as { id: string };
    const stalled = nextStalls(fixture.upstream, WORKING);
    const runner = await fixture.open();
    runner.create({ conversation });
    await stalled;
    const looks = jest.spyOn(fixture.gateway.app.get(ConversationStore), 'freeAmong');
    const errors = jest.spyOn(Logger.prototype, 'error');
    const abandoned = jest.spyOn(ResponseTurn.prototype, 'run');
    fixture.client.create({ conversation });
    await until(() => looks.mock.calls.length > 1);
    fixture.client.socket.terminate();
    await Promise.all(abandoned.mock.results.map(({ value }) => value as Promise<void>));
    expect(errors).not.toHaveBeenCalled();
    jest.restoreAllMocks();
    runner.socket.terminate();
  });

  it('is told that a response was cancelled by another request, and stays', async () => {
    const stalled = nextStalls(fixture.upstream, WORKING);
    fixture.client.create();
    await stalled;
    const { response } = await fixture.client.shows(({ type }) => type === 'response.created');
    const { id } = response as { id: string };
    await fetch(`${fixture.gateway.url}/external/v1/responses/${id}/cancel`, {
      method: 'POST',
      headers: { authorization: `Bearer ${fixture.key}` },
    });
    await fixture.client.shows(isEnd);
    expect(expectLegalEvents(fixture.client.messages)).toMatchObject({ status: 'cancelled' });
    fixture.upstream.next(completion('Still here'));
    expect(await fixture.client.response()).toMatchObject({ status: 'completed' });
  });
});
