import { type IncomingMessage, type ServerResponse } from 'node:http';
import { newId } from '../base/ids.js';

const ACCEPTED = /^[A-Za-z0-9_.:-]{1,128}$/;

/** Gives every request an id, the client's own if it is well formed, and sets it on the answer. */
export function requestIdMiddleware(
  request: IncomingMessage,
  response: ServerResponse,
  next: () => void,
): void {
  const offered = request.headers['x-request-id'];
  const id = typeof offered === 'string' && ACCEPTED.test(offered) ? offered : newId('req');
  request.headers['x-request-id'] = id;
  response.setHeader('X-Request-Id', id);
  next();
}

/** The id that `requestIdMiddleware` chose. */
export function requestIdOf(request: IncomingMessage): string {
  const id = request.headers['x-request-id'];
  return typeof id === 'string' ? id : newId('req');
}
