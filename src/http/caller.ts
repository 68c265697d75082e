import { type IncomingMessage } from 'node:http';
import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import { GatewayError } from '../base/errors/gateway-error.js';
import { hashApiKey } from '../payments/keys/api-key.js';
import type { KeyedRequest } from '../payments/keys/keyed-request.js';
import { exchangeOf } from './exchange.js';
import { requestIdOf } from './request-id.js';
import { type Surface, surfaceOf } from './surface.js';

/** Who asks, as far as the headers tell: whether the key lives is the ledger's to say. */
export interface Caller extends KeyedRequest {
  readonly requestId: string;
  /** `x-chain-id` as it was sent; the external surface ignores it. */
  readonly chainId: string | undefined;
  readonly surface: Surface;
  readonly exchange: object | undefined;
}

const BEARER = /^bearer(?:\s+(.*))?$/i;
const KEY = /^compose-[A-Za-z0-9_-]{20,200}$/;

const callers = new WeakMap<IncomingMessage, Caller>();

/**
 * The same one for the same request, which its key's rate limit counts once.
 * @throws GatewayError missing_api_key, invalid_api_key
 */
export function callerOf(request: IncomingMessage): Caller {
  const known = callers.get(request);
  if (known) return known;
  const caller = readCaller(request);
  callers.set(request, caller);
  return caller;
}

function readCaller(request: IncomingMessage): Caller {
  const surface = surfaceOf(request);
  const chainId = surface === 'native' ? request.headers['x-chain-id'] : undefined;
  return {
    keyHash: hashApiKey(keyOf(request)),
    rate: { counted: false },
    requestId: requestIdOf(request),
    chainId: typeof chainId === 'string' && chainId !== '' ? chainId : undefined,
    surface,
    exchange: exchangeOf(request),
  };
}

/**
 * From `Authorization`, or where Anthropic's and Azure's SDKs put it. Clients that send several mean the one that is a
 * key of a gateway: the others are placeholders that their settings demand.
 */
function keyOf({ headers }: IncomingMessage): string {
  const bearer = BEARER.exec(headers.authorization?.trim() ?? '')?.[1];
  if (bearer !== undefined && KEY.test(bearer)) return bearer;
  const sent = [bearer, headers['x-api-key'], headers['api-key']]
    .filter((value) => typeof value === 'string')
    .map((value) => value.trim())
    .filter((value) => value !== '');
  if (sent.length === 0) throw new GatewayError('missing_api_key');
  const key = sent.find((value) => KEY.test(value));
  if (key === undefined) throw new GatewayError('invalid_api_key');
  return key;
}

/** The caller of a key-authenticated route; without a well-formed key the route is not entered. */
export const CurrentCaller = createParamDecorator((_data: unknown, context: ExecutionContext): Caller =>
  callerOf(context.switchToHttp().getRequest<IncomingMessage>()),
);
