import { GatewayError } from '../../../../base/errors/gateway-error.js';
import type { Prompt } from '../../../../text/prompt.js';
import type { TextRequest } from '../../../text/text-request.js';
import { UpstreamFailure } from '../../../upstream-failure.js';
import { isEmpty } from '../../convert-request.js';

/** Something that shapes the answer and that this wire cannot say. */
interface Unsupported {
  /** A field of a chat body. */
  readonly param: string;
  /** A sentence for the client. */
  readonly why: string;
}

/** Values that ask for nothing are none. */
export function unsupportedIn({ choices, stop, sampling, extra = {} }: Prompt): Unsupported | undefined {
  const { presencePenalty = 0, frequencyPenalty = 0, seed } = sampling;
  const refusals: readonly (readonly [string, boolean, string])[] = [
    ['n', choices > 1, 'The model gives one answer.'],
    ['stop', stop.length > 0, 'The model takes no stop sequences.'],
    ['presence_penalty', presencePenalty !== 0, 'The model takes no penalties.'],
    ['frequency_penalty', frequencyPenalty !== 0, 'The model takes no penalties.'],
    ['seed', seed !== undefined, 'The model takes no seed.'],
    ['logit_bias', !isEmpty(extra['logit_bias']), 'The model takes no bias of tokens.'],
    ['prediction', !isEmpty(extra['prediction']), 'The model takes no predicted answer.'],
    ['functions', !isEmpty(extra['functions']), 'Send `tools` instead.'],
    ['audio', !isEmpty(extra['audio']), 'The model answers with text.'],
  ];
  const found = refusals.find(([, isAsked]) => isAsked);
  return found && { param: found[0], why: found[2] };
}

/** Another target may speak a wire that can. @throws UpstreamFailure with unsupported_parameter */
export function refuseUnsupported({ prompt, toClientParam }: TextRequest): void {
  const found = unsupportedIn(prompt);
  if (!found) return;
  const param = toClientParam ? toClientParam(found.param) : found.param;
  const what = param === undefined ? 'A part of the request' : `\`${param}\``;
  const error = new GatewayError(
    'unsupported_parameter',
    `${what} is not supported for this model. ${found.why}`,
    { param },
  );
  throw new UpstreamFailure(error, { retryable: false, elsewhere: true, targetFault: false });
}
