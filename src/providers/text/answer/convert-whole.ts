import type { SpokenEvent } from '../../../text/text-event.js';
import { malformed } from '../../http/malformed.js';
import { parseObject } from '../../http/parse-object.js';
import type { AnswerReading } from './answer-converter.js';

/**
 * A whole answer as the events of its stream. Its JSON is complete, so it ends even where nothing says so.
 * @throws UpstreamFailure when it is not an answer, or an error with a success status.
 */
export function convertWhole(body: Buffer, { newConverter, failureIn }: AnswerReading): SpokenEvent[] {
  const answer = parseObject(body.toString('utf8').replace(/^\uFEFF/, ''));
  const failure = failureIn(answer, '');
  if (failure) throw failure;
  const converter = newConverter();
  const events: SpokenEvent[] = [];
  converter.convert(answer, events);
  converter.finish(events);
  if (!events.some(({ type }) => type === 'finish')) throw malformed('an answer without a choice');
  return events;
}
