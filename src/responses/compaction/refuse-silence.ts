import { concat, defer, EMPTY, tap, throwError, type Observable } from 'rxjs';
import { GatewayError } from '../../base/errors/gateway-error.js';
import type { TextEvent } from '../../text/text-event.js';

/** Refuses an empty summary: a conversation must not be replaced by nothing. */
export function refuseSilence(events: Observable<TextEvent>): Observable<TextEvent> {
  return defer(() => {
    let hasSpoken = false;
    const heard = tap((event: TextEvent) => {
      if (event.type === 'text' && event.text.trim() !== '') hasSpoken = true;
    });
    return concat(
      events.pipe(heard),
      defer(() => (hasSpoken ? EMPTY : throwError(() => new GatewayError('upstream_error', NO_SUMMARY)))),
    );
  });
}

const NO_SUMMARY = 'The model gave no summary of the conversation.';
