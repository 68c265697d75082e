import { concat, defer, from, map, EMPTY, type Observable } from 'rxjs';
import type { TextEvent } from '../providers/text/text-event.js';
import type { TextMeter } from './text-meter.js';

/** Adds an estimated usage event to the end of an answer whose upstream gave none. */
export function completeUsage(events: Observable<TextEvent>, meter: TextMeter): Observable<TextEvent> {
  return concat(
    events,
    defer(() => (meter.report ? EMPTY : from(meter.measure()).pipe(map(usageEvent)))),
  );
}

function usageEvent({ usage }: Awaited<ReturnType<TextMeter['measure']>>): TextEvent {
  return { type: 'usage', usage, estimated: true };
}
