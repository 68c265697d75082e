import { type IncomingMessage } from 'node:http';

/** Native adds receipts and Compose headers; external is OpenAI's shape only. */
export type Surface = 'native' | 'external';

const EXTERNAL_PREFIX = '/external/';

export function surfaceOf(request: IncomingMessage & { readonly originalUrl?: string }): Surface {
  return (request.originalUrl ?? request.url ?? '').startsWith(EXTERNAL_PREFIX) ? 'external' : 'native';
}
