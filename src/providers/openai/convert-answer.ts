import type { TextEvent } from '../text/text-event.js';
import { ChunkConverter } from './convert-chunk.js';
import { malformed } from '../http/malformed.js';
import { isErrorFrame, mapErrorFrame, type RequestContext } from './map-error.js';
import { parseObject } from '../http/parse-object.js';

/**
 * A whole `chat.completion` as the events of its stream. Its JSON is complete, so a choice without a finish reason
 * has ended all the same. @throws UpstreamFailure when it is not a completion, or an error.
 */
export function convertAnswer(body: Buffer, errors: RequestContext = {}): TextEvent[] {
  const answer = parseObject(body.toString('utf8'));
  if (isErrorFrame(answer)) throw mapErrorFrame(answer, { ...errors, nowMs: Date.now() });
  const converter = new ChunkConverter();
  const events: TextEvent[] = [];
  converter.convert(answer, events);
  for (const choice of converter.unfinished()) {
    const called = events.some((event) => event.type === 'tool_call_start' && event.choice === choice);
    converter.convert(
      { choices: [{ index: choice, finish_reason: called ? 'tool_calls' : 'stop' }] },
      events,
    );
  }
  if (!converter.complete) throw malformed('an answer without a choice');
  return events;
}
