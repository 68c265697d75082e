import type { GatewayError } from '../../base/errors/gateway-error.js';

/** The published codes of `response.steer.failed`. */
export type SteerErrorCode =
  | 'response_not_found'
  | 'invalid_input'
  | 'steering_not_supported'
  | 'too_many_pending_steers'
  | 'response_already_completed'
  | 'response_not_active'
  | 'successor_creation_failed';

/** Why no successor begins with what a client has said. */
export interface SteerFailure {
  readonly code: SteerErrorCode;
  readonly message: string;
}

/** What is refused at once. */
export const REFUSALS = {
  notFound: {
    code: 'response_not_found',
    message: 'No response with this id runs on this connection.',
  },
  notSupported: {
    code: 'steering_not_supported',
    message: 'A response on a conversation, or one that compacts its context, cannot be steered.',
  },
  tooMany: {
    code: 'too_many_pending_steers',
    message:
      'Too much input waits already. Send the outputs that are asked for, or wait for the next response.',
  },
} as const satisfies Readonly<Record<string, SteerFailure>>;

/** How a response has ended that nothing can be said to any more. */
export const ENDINGS = {
  completed: { code: 'response_already_completed', message: 'The response has been completed.' },
  other: { code: 'response_not_active', message: 'The response has ended.' },
} as const satisfies Readonly<Record<string, SteerFailure>>;

/** The successor could not begin, or will not. */
export function noSuccessor({ message }: GatewayError): SteerFailure {
  return { code: 'successor_creation_failed', message: `The next response could not begin: ${message}` };
}
