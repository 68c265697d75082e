import { type IncomingMessage, type ServerResponse } from 'node:http';

/** Azure's clients put these before OpenAI's paths; a deployment's path names a model and has its own routes. */
const AZURE = /^\/external\/openai\/(?!deployments\/)(?:v1\/)?/;

/**
 * The address that a client means. Repeated slashes count as one, because some base URLs end in a slash. Paths of
 * Azure's clients below `/external/openai` become paths of the external surface.
 */
export function canonicalUrl(url: string): string {
  // The router reads a whole URL as a target, which proxies may send.
  if (!url.startsWith('/') || (!url.includes('//') && !url.startsWith('/external/openai/'))) return url;
  const end = url.indexOf('?');
  const [path, query] = end === -1 ? [url, ''] : [url.slice(0, end), url.slice(end)];
  return path.replace(/\/{2,}/g, '/').replace(AZURE, '/external/v1/') + query;
}

/** Must run before everything else that reads the address. */
export function canonicalUrlMiddleware(
  request: IncomingMessage & { originalUrl?: string },
  _response: ServerResponse,
  next: () => void,
): void {
  const url = canonicalUrl(request.url ?? '');
  if (url !== request.url) {
    request.url = url;
    request.originalUrl = url;
  }
  next();
}
