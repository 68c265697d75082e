import type { IncomingMessage } from 'node:http';
import { anthropic } from './anthropic-wire.js';
import { openAi } from './openai-wire.js';
import type { Wire } from './wire.js';

const WIRE = Symbol('wire');

/** Not in a WeakMap, whose values live until the next collection of garbage but one. */
interface WithWire {
  [WIRE]?: Wire;
}

/**
 * Names the wire of all addresses below some paths, once, in the module of their routes:
 * `consumer.apply(speaks(wire)).forRoutes('v1/messages')`. This runs before guards and routes, so that their failures
 * use that wire.
 */
export function speaks(
  wire: Wire,
): (request: IncomingMessage & WithWire, response: unknown, next: () => void) => void {
  return (request, _response, next) => {
    request[WIRE] = wire;
    next();
  };
}

/** The header that every client of Anthropic's API sends. */
export const ANTHROPIC_VERSION = 'anthropic-version';

/** Names the wire of an address that serves clients of both: Anthropic's for those that say so. */
export function speaksAsAsked(
  request: IncomingMessage & WithWire,
  _response?: unknown,
  next?: () => void,
): void {
  if (request.headers[ANTHROPIC_VERSION] !== undefined) request[WIRE] = anthropic;
  next?.();
}

/** The wire named for the address, else OpenAI's. */
export function wireOf(request: IncomingMessage & WithWire): Wire {
  return request[WIRE] ?? openAi;
}
