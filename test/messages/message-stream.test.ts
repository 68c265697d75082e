import { describe, expect, it } from '@jest/globals';
import type { JsonObject } from '../../src/base/json.js';
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

describe('a frame of an upstream that speaks the same wire', () => {
  it.each([
    'x\ndata: {}\n\nevent: message_stop\ndata: {"forged":true}\n\nevent: y',
    'a b',
    ' ping',
    'x'.repeat(65),
  ])('is not shown when its type is no name: %j', (type) => {
    const reducer = new MessageReducer(
      { id: 'msg_1', model: 'm', inputTokens: 1 },
      { toolName: (name) => name, omitsThinking: false },
      'stream',
    );
    const stream = new MessageStream(reducer, 'req_1', true);
    const frame = (fields: JsonObject) =>
      stream.frames({ event: { type: 'frame', choice: 0, frame: fields } });
    frame({ type: 'message_start', message: { id: 'u', model: 'up' } });
    expect(frame({ type, of: 'the upstream' })).toBe('');
    expect(framesOf(frame({ type: 'newer_event', of: 'the upstream' }))).toMatchObject([
      { event: 'message_start' },
      { event: 'newer_event', data: { of: 'the upstream' } },
    ]);
  });
});
