import type { IncomingHttpHeaders } from 'node:http';
import { GatewayError } from '../base/errors/gateway-error.js';
import { dataFrame } from './frames.js';
import type { ErrorAnswer, ErrorContext, Wire } from './wire.js';

/** OpenAI's error object; all four keys are always present. */
interface ErrorEnvelope {
  readonly error: {
    readonly message: string;
    readonly type: string;
    readonly param: string | null;
    readonly code: string | null;
    readonly details?: Readonly<Record<string, string | number>>;
  };
}

type ErrorFields = Pick<GatewayError, 'message' | 'type' | 'param'> & {
  readonly code: string | null;
  readonly details?: GatewayError['details'];
};

export function errorEnvelope(error: ErrorFields, options: { withDetails: boolean }): ErrorEnvelope {
  const { message, type, param, code, details } = error;
  return {
    error: { message, type, param, code, ...(options.withDetails && details ? { details } : {}) },
  };
}

/** OpenAI's wire, used on both surfaces. */
export const openAi = {
  /** A comment, because official clients skip comments but throw on named events that they do not know. */
  ping: ': ping\n\n',
  end: 'data: [DONE]\n\n',
  errorAnswer,
  errorFrame: (error: GatewayError) =>
    dataFrame(JSON.stringify(errorEnvelope(error, { withDetails: false }))),
  noRoute,
  keysIn,
} as const satisfies Wire;

function errorAnswer(error: GatewayError, { withDetails }: ErrorContext): ErrorAnswer {
  const { status, retryAfterSeconds, shouldRetry } = error;
  return {
    status,
    headers: {
      ...(status === 401 ? { 'WWW-Authenticate': 'Bearer' } : {}),
      ...(retryAfterSeconds === undefined ? {} : { 'Retry-After': String(Math.ceil(retryAfterSeconds)) }),
      ...(shouldRetry === false ? { 'X-Should-Retry': 'false' } : {}),
    },
    body: JSON.stringify(errorEnvelope(error, { withDetails })),
  };
}

const BEARER = /^bearer\s+(.*)$/i;

/** Keys from `Authorization`, or from the headers of Anthropic's and Azure's SDKs. */
function keysIn(headers: IncomingHttpHeaders): readonly string[] {
  return [BEARER.exec(headers.authorization?.trim() ?? '')?.[1], headers['x-api-key'], headers['api-key']]
    .filter((value) => typeof value === 'string')
    .map((value) => value.trim())
    .filter((value) => value !== '');
}

const SURFACES = /^\/(?:external\/)?v1(?=\/|$)/;
const BASE_URLS =
  'The base URL for SDKs, IDEs and agents ends in `/external/v1`; `/v1` is the same with receipts.';

/** APIs of OpenAI that are not served here, by the first part of their path. */
const NOT_SERVED: ReadonlySet<string> = new Set([
  'assistants',
  'audio',
  'batches',
  'chatkit',
  'completions',
  'containers',
  'evals',
  'files',
  'fine_tuning',
  'images',
  'moderations',
  'organization',
  'realtime',
  'skills',
  'threads',
  'uploads',
  'vector_stores',
]);

const LONGEST_PATH = 200;

/** Anthropic's clients add `/v1` to their base URL themselves. Claude Code hides the text of a 404, so this is 400. */
const TWICE = /\/v1\/v1(?:\/|$)/;
const TWICE_WORDS =
  'The path has `/v1` twice. The base URL for Claude Code and the SDKs of Anthropic is the address of the gateway, or that with `/external` behind it, without `/v1`.';

/** The error names the requested path and the one that was probably meant. */
function noRoute(method: string, path: string): GatewayError {
  if (TWICE.test(path)) return new GatewayError('invalid_value', TWICE_WORDS);
  const shown = `${method} ${path.slice(0, LONGEST_PATH)}`;
  const surface = SURFACES.exec(path)?.[0];
  const [, first = ''] = path.slice(surface?.length ?? 0).split('/', 2);
  if (surface !== undefined && NOT_SERVED.has(first))
    return new GatewayError('not_found', `${shown}: this gateway does not serve OpenAI's \`/${first}\`.`);
  return new GatewayError('not_found', `There is nothing at ${shown}. ${BASE_URLS}`);
}
