import type { EndingError } from './ending.js';
import type { ResponseEventBody } from './response-event.js';

/** Precedes `response.failed`. */
export function errorEvent(error: EndingError): ResponseEventBody {
  const { type, code, message, param } = error;
  return { type: 'error', error: { type, code, message, param }, code, message, param };
}
