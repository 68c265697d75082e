import { type IncomingMessage } from 'node:http';
import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import { GatewayError } from '../base/errors/gateway-error.js';
import type { AgentSession } from '../base/money/agent-session.js';
import { Payer } from '../payments/payer.js';
import type { KeyedRequest } from '../payments/keys/keyed-request.js';
import { wireOf } from '../streaming/wire-of.js';
import { agentSessionOf } from './agent-session-of.js';
import { buyerOf, type Buyer } from './buyer.js';
import { exchangeOf } from './exchange.js';
import { requestIdOf } from './request-id.js';
import { type Surface, surfaceOf } from './surface.js';

/** The caller as its headers name it; only the ledger knows whether its key lives. */
export interface Caller extends KeyedRequest {
  readonly requestId: string;
  /** `x-chain-id` as sent; the external surface ignores it. */
  readonly chainId: string | undefined;
  readonly surface: Surface;
  readonly exchange: object | undefined;
  /** Set when its client names the session of an agent. */
  readonly agent: AgentSession | undefined;
  /** Set when there is no key: a paid call must bring its payment. */
  readonly buyer: Buyer | undefined;
}

/** How tokens of a login at claude.ai begin, which Claude Code sends where it has no other. */
const CLAUDE_LOGIN = 'sk-ant-oat';
const CLAUDE_LOGIN_WORDS =
  'This is a login token of claude.ai. Set ANTHROPIC_AUTH_TOKEN to a key of this gateway (`compose-…`).';

const KEY = /^compose-[A-Za-z0-9_-]{20,200}$/;

const CALLER = Symbol('caller');

/** Not in a WeakMap, whose values live until the next collection of garbage but one. */
interface WithCaller {
  [CALLER]?: Caller | undefined;
}

/**
 * Returns the same object for the same request, so that the rate limit of the key counts the request once.
 * @throws GatewayError missing_api_key, invalid_api_key
 */
export function callerOf(request: IncomingMessage): Caller {
  const caller = anyCallerOf(request);
  if (caller.buyer && !caller.buyer.wallet) throw new GatewayError('missing_api_key');
  return caller;
}

function anyCallerOf(request: IncomingMessage & WithCaller): Caller {
  return (request[CALLER] ??= readCaller(request));
}

function readCaller(request: IncomingMessage): Caller {
  const surface = surfaceOf(request);
  const chainId = surface === 'native' ? request.headers['x-chain-id'] : undefined;
  const buyer = buyerOf(request);
  return {
    payer: buyer ? payerOf(buyer) : Payer.ofKey(keyOf(request)),
    rate: { counted: false },
    requestId: requestIdOf(request),
    chainId: typeof chainId === 'string' && chainId !== '' ? chainId : undefined,
    surface,
    exchange: exchangeOf(request),
    agent: agentSessionOf(request.headers),
    buyer,
  };
}

/** Requests that name no wallet share one payer until their payment names it, and so the room for one payer's bodies. */
function payerOf({ wallet }: Buyer): Payer {
  return wallet ? Payer.ofWallet(wallet.chainId, wallet.address) : Payer.unknown;
}

/**
 * If a client sends several keys, the gateway's own counts: the others are placeholders that the client's settings
 * require.
 */
function keyOf(request: IncomingMessage): string {
  const sent = wireOf(request).keysIn(request.headers);
  const key = sent.find((value) => KEY.test(value));
  if (key === undefined && sent.some((value) => value.startsWith(CLAUDE_LOGIN)))
    throw new GatewayError('invalid_api_key', CLAUDE_LOGIN_WORDS);
  if (key === undefined) throw new GatewayError(sent.length === 0 ? 'missing_api_key' : 'invalid_api_key');
  return key;
}

/**
 * The caller of a route that costs nothing, or that wallets cannot pay for. Without a well-formed key or token the route's
 * handler does not run.
 */
export const CurrentCaller = createParamDecorator((_data: unknown, context: ExecutionContext): Caller =>
  callerOf(context.switchToHttp().getRequest<IncomingMessage>()),
);

/** The caller of a route that wallets can pay for: it may have neither a key nor a name then. */
export const PayingCaller = createParamDecorator((_data: unknown, context: ExecutionContext): Caller =>
  anyCallerOf(context.switchToHttp().getRequest<IncomingMessage>()),
);
