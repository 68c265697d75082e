import type { IncomingMessage } from 'node:http';
import { openAi } from './openai-wire.js';
import type { Wire } from './wire.js';

const named = new WeakMap<IncomingMessage, Wire>();

/**
 * Names the wire of all addresses below some paths, once, in the module of their routes:
 * `consumer.apply(speaks(wire)).forRoutes('v1/messages')`. This runs before guards and routes, so that their failures
 * use that wire.
 */
export function speaks(wire: Wire): (request: IncomingMessage, response: unknown, next: () => void) => void {
  return (request, _response, next) => {
    named.set(request, wire);
    next();
  };
}

/** The wire named for the address, else OpenAI's. */
export function wireOf(request: IncomingMessage): Wire {
  return named.get(request) ?? openAi;
}
