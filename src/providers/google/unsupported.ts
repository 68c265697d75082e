import { GatewayError } from '../../base/errors/gateway-error.js';
import { isJsonObject, type JsonValue } from '../../base/json.js';
import type { Prompt } from '../../text/prompt.js';
import { refusal } from '../map-status.js';
import type { TextRequest } from '../text/text-request.js';

const MAX_STOPS = 5;

/** Fields of a chat body that decide what the answer is, and for which this wire has no place. */
const UNSUPPORTED: readonly {
  readonly field: string;
  readonly isAsked: (prompt: Prompt) => boolean;
  readonly why: string;
}[] = [
  {
    field: 'logit_bias',
    isAsked: ({ extra }) => !isEmpty(extra?.['logit_bias']),
    why: "The model's provider cannot change the likelihood of tokens.",
  },
  {
    field: 'prediction',
    isAsked: ({ extra }) => extra?.['prediction'] !== undefined,
    why: "The model's provider takes no predicted output.",
  },
  {
    field: 'functions',
    isAsked: ({ extra }) => !isEmpty(extra?.['functions']),
    why: 'Send the functions as `tools`.',
  },
  {
    field: 'stop',
    isAsked: ({ stop }) => stop.length > MAX_STOPS,
    why: `The model's provider takes at most ${MAX_STOPS} sequences.`,
  },
];

/** Hints that have no place are left out in silence. @throws UpstreamFailure, before anything is sent */
export function refuseUnsupported({ prompt, toClientParam }: TextRequest): void {
  for (const { field, isAsked, why } of UNSUPPORTED) {
    if (!isAsked(prompt)) continue;
    const param = toClientParam ? (toClientParam(field) ?? field) : field;
    const message = `\`${param}\` is not supported by this model. ${why}`;
    throw refusal(new GatewayError('unsupported_parameter', message, { param }));
  }
}

function isEmpty(value: JsonValue | undefined): boolean {
  if (Array.isArray(value)) return value.length === 0;
  return value === undefined || value === null || (isJsonObject(value) && Object.keys(value).length === 0);
}
