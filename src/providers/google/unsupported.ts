import { GatewayError } from '../../base/errors/gateway-error.js';
import { isJsonObject, type JsonValue } from '../../base/json.js';
import type { Prompt } from '../../text/prompt.js';
import type { TextRequest } from '../text/text-request.js';
import { UpstreamFailure } from '../upstream-failure.js';

/** Something that a request asks for and for which this wire has no place. */
interface Unsupported {
  /** A field of a chat body. */
  readonly param: string;
  /** A sentence for the client. */
  readonly why: string;
}

const MAX_STOPS = 5;

/** Fields that decide what the answer is. Hints without a place are left out in silence. */
const UNSUPPORTED: readonly (Unsupported & { readonly isAsked: (prompt: Prompt) => boolean })[] = [
  {
    param: 'logit_bias',
    isAsked: ({ extra }) => !isEmpty(extra?.['logit_bias']),
    why: 'Its provider cannot change the likelihood of tokens.',
  },
  {
    param: 'prediction',
    isAsked: ({ extra }) => extra?.['prediction'] !== undefined,
    why: 'Its provider takes no predicted output.',
  },
  {
    param: 'functions',
    isAsked: ({ extra }) => !isEmpty(extra?.['functions']),
    why: 'Send the functions as `tools`.',
  },
  {
    param: 'stop',
    isAsked: ({ stop }) => stop.length > MAX_STOPS,
    why: `Its provider takes at most ${MAX_STOPS} sequences.`,
  },
];

/** The first part of a prompt that this wire cannot say; undefined when it can say all of it. */
export function unsupportedIn(prompt: Prompt): Unsupported | undefined {
  return UNSUPPORTED.find(({ isAsked }) => isAsked(prompt));
}

/** Another target may speak a wire that can. @throws UpstreamFailure */
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

function isEmpty(value: JsonValue | undefined): boolean {
  if (Array.isArray(value)) return value.length === 0;
  return value === undefined || value === null || (isJsonObject(value) && Object.keys(value).length === 0);
}
