import { type IncomingMessage } from 'node:http';
import { GatewayError } from '../base/errors/gateway-error.js';

const SURFACES = /^\/(?:external\/)?v1(?=\/|$)/;
const BASE_URLS =
  'The base URL for SDKs, IDEs and agents ends in `/external/v1`; `/v1` is the same with receipts.';

/** What OpenAI has beside what is served here, by the first part of its path. */
const NOT_SERVED: ReadonlySet<string> = new Set([
  'assistants',
  'audio',
  'batches',
  'chatkit',
  'completions',
  'containers',
  'embeddings',
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

/** Names what was asked for, and what is likely to have been meant. */
export function nothingHere(request: IncomingMessage & { readonly originalUrl?: string }): GatewayError {
  const [path = ''] = (request.originalUrl ?? request.url ?? '').split('?', 1);
  const shown = `${request.method ?? ''} ${path.slice(0, LONGEST_PATH)}`;
  const surface = SURFACES.exec(path)?.[0];
  const [, first = ''] = path.slice(surface?.length ?? 0).split('/', 2);
  if (surface !== undefined && NOT_SERVED.has(first))
    return new GatewayError('not_found', `${shown}: this gateway does not serve OpenAI's \`/${first}\`.`);
  return new GatewayError('not_found', `There is nothing at ${shown}. ${BASE_URLS}`);
}
