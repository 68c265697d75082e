import type { EndingError } from './ending.js';
import { errorEvent } from './error-event.js';
import { responseError } from './response-error.js';
import type { ResponseEnd } from './response-reducer.js';

/** The failed end of a response that had ended well, but cannot be stored: its items stay as they were shown. */
export function failInstead({ events, terminal }: ResponseEnd, told: EndingError): ResponseEnd {
  const error = responseError(told);
  const { response, sequence_number } = terminal;
  return {
    events: [...events, { ...errorEvent(error), sequence_number }],
    terminal: {
      type: 'response.failed',
      sequence_number: sequence_number + 1,
      response: {
        ...response,
        status: 'failed',
        completed_at: null,
        incomplete_details: null,
        error: { code: error.code, message: error.message },
      },
    },
  };
}
