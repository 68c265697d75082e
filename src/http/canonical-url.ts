import { type IncomingMessage, type ServerResponse } from 'node:http';

/** Azure's clients put these in front of OpenAI's paths; a deployment's path names a model and has its own routes. */
const AZURE = /^\/external\/openai\/(?!deployments\/)(?:v1\/)?/;

/**
 * The address that a client means: two slashes count as one (base URLs end in one), and what Azure's clients ask for
 * below `/external/openai` is the external surface.
 */
export function canonicalUrl(url: string): string {
  // A whole URL as a target, which proxies may send, is the router's to read.
  if (!url.startsWith('/') || (!url.includes('//') && !url.startsWith('/external/openai/'))) return url;
  const end = url.indexOf('?');
  const [path, query] = end === -1 ? [url, ''] : [url.slice(0, end), url.slice(end)];
  return path.replace(/\/{2,}/g, '/').replace(AZURE, '/external/v1/') + query;
}

/** Before everything else that looks at the address. */
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
