import { ERRORS, type ErrorCode } from '../../base/errors/gateway-error.js';
import type { EndingError } from './ending.js';

/** The codes of OpenAI's enumeration that a failed Response can have here, with their error types. */
const TYPES = {
  server_error: 'server_error',
  rate_limit_exceeded: 'rate_limit_error',
  invalid_prompt: 'invalid_request_error',
  /** Not a published code, but agents see by it that they have to compact. */
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

/** A failure as a Response and its stream show it; an answer with an HTTP error status has the gateway's own code. */
export function responseError({ code, type, message, param }: EndingError): EndingError {
  const asked = type === 'invalid_request_error' ? 'invalid_prompt' : 'server_error';
  const known = BY_OWN_CODE.get(code) ?? asked;
  return { type: TYPES[known], code: known, message, param };
}

/** The type of a stored error, which is stored without one. */
export function errorTypeOf(code: string): string {
  return Object.hasOwn(TYPES, code) ? TYPES[code as ResponseErrorCode] : 'server_error';
}

/** The gateway's code for the code of a Response. A code of an earlier version may be unknown. */
export function ownCodeOf(code: string): ErrorCode {
  if (code === 'invalid_prompt') return 'invalid_value';
  return Object.hasOwn(ERRORS, code) ? (code as ErrorCode) : 'server_error';
}
