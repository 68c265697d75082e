import { Observable } from 'rxjs';
import type { TextEvent } from '../text-event.js';
import type { TextMeter } from './text-meter.js';

/** The events of one request, which the meter observes; an estimated usage comes last where the upstream gave none. */
export function metered(events: Observable<TextEvent>, meter: TextMeter): Observable<TextEvent> {
  return new Observable((subscriber) => {
    const show = (event: TextEvent): void => {
      meter.observe(event);
      subscriber.next(event);
    };
    const showEstimate = async (): Promise<void> => {
      const { usage } = await meter.measure();
      show({ type: 'usage', usage, estimated: true });
      subscriber.complete();
    };
    return events.subscribe({
      next: show,
      error: (failure: unknown) => subscriber.error(failure),
      complete: () => {
        if (meter.report) subscriber.complete();
        else showEstimate().catch((failure: unknown) => subscriber.error(failure));
      },
    });
  });
}
