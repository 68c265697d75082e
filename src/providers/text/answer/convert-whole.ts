import type { SpokenEvent } from '../../../text/text-event.js';
import { malformed } from '../../http/malformed.js';
import { parseObject, parseObjects } from '../../http/parse-object.js';
import type { AnswerReading } from './answer-converter.js';

/**
 * A whole answer as the events of its stream. Its JSON is complete, so it ends even where nothing says so.
 * @throws UpstreamFailure when it is not an answer, or an error with a success status.
 */
export function convertWhole(
  body: Buffer,
  { newConverter, failureIn, takesLists = false }: AnswerReading,
): SpokenEvent[] {
  const text = body.toString('utf8').replace(/^\uFEFF/, '');
  const converter = newConverter();
  const events: SpokenEvent[] = [];
  const frames = takesLists ? parseObjects(text) : [parseObject(text)];
  for (const frame of frames) {
    const failure = failureIn(frame, '');
    if (failure) throw failure;
    converter.convert(frame, events);
  }
  if (frames.length > 1 && !converter.complete) throw malformed('a stream without a finish reason');
  converter.finish(events);
  if (!events.some(({ type }) => type === 'finish')) throw malformed('an answer without a choice');
  return events;
}
