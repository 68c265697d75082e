import { describe, expect, it } from '@jest/globals';
import { MessageReducer } from '../../src/messages/domain/message-reducer.js';
import { MessageStream } from '../../src/messages/presenter/message-stream.js';
import { accumulated } from '../support/messages-client.js';
import { framesOf } from '../support/sse-frames.js';

const newStream = (eventEveryMs: number): MessageStream =>
  new MessageStream(
    new MessageReducer(
      { id: 'msg_1', model: 'm', inputTokens: 7 },
      { toolName: (name) => name, omitsThinking: false },
    ),
    'req_1',
    false,
    eventEveryMs,
  );

describe('a stream of a Message that has been silent for long', () => {
  it('begins, and then says nothing in its open block, so that its client has an event', () => {
    const stream = newStream(0);
    const shown = [
      stream.ping(),
      stream.ping(),
      stream.frames({ event: { type: 'text', choice: 0, text: 'Hel' } }),
      stream.ping(),
      stream.frames({ event: { type: 'text', choice: 0, text: 'lo' } }),
      stream.frames({ event: { type: 'finish', choice: 0, reason: 'stop' } }),
      stream.ping(),
      stream.end(),
    ];
    expect(shown.map((frames) => frames && framesOf(frames).map(({ event }) => event))).toEqual([
      ['message_start'],
      undefined,
      ['content_block_start', 'content_block_delta'],
      ['content_block_delta'],
      ['content_block_delta'],
      ['content_block_stop'],
      undefined,
      ['message_delta', 'message_stop'],
    ]);
    expect(accumulated(framesOf(shown.join(''))).content).toEqual([{ type: 'text', text: 'Hello' }]);
  });

  it('is kept alive by pings until then', () => {
    const stream = newStream(60_000);
    stream.frames({ event: { type: 'text', choice: 0, text: 'Hello' } });
    expect(stream.ping()).toBeUndefined();
  });
});
