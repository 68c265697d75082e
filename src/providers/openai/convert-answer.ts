import { malformed } from '../http/malformed.js';
import { parseObject } from '../http/parse-object.js';
import type { SpokenEvent } from '../../text/text-event.js';
import { ChunkConverter } from './convert-chunk.js';
import { isErrorFrame, mapErrorFrame, type RequestContext } from './map-error.js';

/**
 * A whole `chat.completion` as the events of its stream. Its JSON is complete, so a choice without a finish reason
 * has ended, too. @throws UpstreamFailure when it is not a completion, or an error with a success status.
 */
export function convertAnswer(body: Buffer, asked: RequestContext = {}): SpokenEvent[] {
  const answer = parseObject(body.toString('utf8').replace(/^\uFEFF/, ''));
  if (isErrorFrame(answer)) throw mapErrorFrame(answer, { ...asked, nowMs: Date.now() });
  const converter = new ChunkConverter(asked.prompt);
  const events: SpokenEvent[] = [];
  converter.convert(answer, events);
  converter.finish(events);
  if (!events.some(({ type }) => type === 'finish')) throw malformed('an answer without a choice');
  return events;
}
