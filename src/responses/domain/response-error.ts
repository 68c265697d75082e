import { ERRORS, type ErrorCode } from '../../base/errors/gateway-error.js';
import type { EndingError } from './ending.js';

/** The codes of a failed Response that there is a cause for here, out of OpenAI's enumeration, and what they are called. */
const TYPES = {
  server_error: 'server_error',
  rate_limit_exceeded: 'rate_limit_error',
  invalid_prompt: 'invalid_request_error',
  /** No published code, and the one by which agents see that they have to compact. */
  context_length_exceeded: 'invalid_request_error',
} as const;

type ResponseErrorCode = keyof typeof TYPES;

const BY_OWN_CODE: ReadonlyMap<string, ResponseErrorCode> = new Map([
  ['context_length_exceeded', 'context_length_exceeded'],
  ['rate_limit_exceeded', 'rate_limit_exceeded'],
  ['concurrency_limit_exceeded', 'rate_limit_exceeded'],
  ['budget_held', 'rate_limit_exceeded'],
  ['insufficient_budget', 'rate_limit_exceeded'],
  ['content_filter', 'invalid_prompt'],
]);

/** A failure as a Response and its stream tell it; an answer by HTTP status has the code of its own. */
export function responseError({ code, type, message, param }: EndingError): EndingError {
  const asked = type === 'invalid_request_error' ? 'invalid_prompt' : 'server_error';
  const known = BY_OWN_CODE.get(code) ?? asked;
  return { type: TYPES[known], code: known, message, param };
}

/** Of a stored error, which has no type of its own. */
export function errorTypeOf(code: string): string {
  return Object.hasOwn(TYPES, code) ? TYPES[code as ResponseErrorCode] : 'server_error';
}

/** What a code of a Response is called where the codes of the gateway are known; one of an earlier version may be known to nobody. */
export function ownCodeOf(code: string): ErrorCode {
  if (code === 'invalid_prompt') return 'invalid_value';
  return Object.hasOwn(ERRORS, code) ? (code as ErrorCode) : 'server_error';
}
