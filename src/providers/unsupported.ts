import { GatewayError } from '../base/errors/gateway-error.js';
import type { ProviderSettings } from '../catalog/model.js';
import type { Prompt } from '../text/prompt.js';
import type { ToClientParam } from './text/text-request.js';
import { UpstreamFailure } from './upstream-failure.js';

/** Something that a request asks for and that a dialect's wire cannot say. */
export interface Unsupported {
  /** A path in a chat body. */
  readonly param: string;
  /** A sentence for the client. */
  readonly why: string;
}

/** What of a prompt a dialect's wire cannot say; undefined for nothing. */
export type FindUnsupported = (prompt: Prompt, provider: ProviderSettings) => Unsupported | undefined;

/** The first of these that is asked for: a path in a chat body, whether it is asked for, a sentence for the client. */
export function firstAsked(
  refusals: readonly (readonly [param: string, isAsked: boolean, why: string])[],
): Unsupported | undefined {
  const found = refusals.find(([, isAsked]) => isAsked);
  return found && { param: found[0], why: found[2] };
}

/** @param toClientParam absent where the client spoke the chat wire itself */
export function unsupportedError({ param, why }: Unsupported, toClientParam?: ToClientParam): GatewayError {
  const own = toClientParam ? toClientParam(param) : param;
  const what = own === undefined ? 'A part of the request' : `\`${own}\``;
  return new GatewayError('unsupported_parameter', `${what} is not supported for this model. ${why}`, {
    param: own,
  });
}

/** For an attempt at one target: another target may speak a wire that can. */
export function unsupportedHere(found: Unsupported, toClientParam?: ToClientParam): UpstreamFailure {
  return new UpstreamFailure(unsupportedError(found, toClientParam), {
    retryable: false,
    elsewhere: true,
    targetFault: false,
  });
}
