import { ServerResponse, type IncomingMessage, type Server } from 'node:http';
import type { Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { Injectable, Logger, type BeforeApplicationShutdown } from '@nestjs/common';
import { WebSocketServer, type WebSocket } from 'ws';
import { GatewayError, severityOf, toGatewayError } from '../../base/errors/gateway-error.js';
import { LivesIn, type Worker } from '../../base/work/worker.js';
import { canonicalUrl } from '../../http/canonical-url.js';
import { callerOf } from '../../http/caller.js';
import type { ExchangeMiddleware } from '../../http/exchange.js';
import { Intake } from '../../http/intake.js';
import { KeyCheck } from '../../http/key-check.js';
import { requestIdMiddleware, requestIdOf } from '../../http/request-id.js';
import { sendError } from '../../http/send-error.js';
import { serveWithoutUpgrade } from '../../http/serve-without-upgrade.js';
import { surfaceOf } from '../../http/surface.js';
import type { CallOrigin } from '../../payments/charged-work.js';
import { Networks } from '../../payments/networks.js';
import { ResponsesService } from '../responses.service.js';
import { KeyPlaces } from './key-places.js';
import { ResponseSocket, type Retirement } from './response-socket.js';
import { ResponseSettings } from '../settings.js';

const PATH = /^\/(?:external\/)?v1\/responses\/?(?:\?|$)/;
/** How long a client gets to answer a close. */
const CLOSE_MS = 5_000;
/** How long a client gets to answer a close when the process ends. */
const LAST_CLOSE_MS = 1_000;

/** The WebSockets of both surfaces. */
@Injectable()
@LivesIn('intake')
export class ResponseSockets implements Worker, BeforeApplicationShutdown {
  private readonly logger = new Logger(ResponseSockets.name);
  private readonly sockets = new Map<ResponseSocket, Promise<void>>();
  private readonly places: KeyPlaces;
  private readonly handshake: WebSocketServer;
  private isStopped = false;
  private exchanges: ExchangeMiddleware = (_request, _response, next) => next();

  constructor(
    private readonly responses: ResponsesService,
    private readonly keys: KeyCheck,
    private readonly intake: Intake,
    private readonly networks: Networks,
    private readonly settings: ResponseSettings,
  ) {
    this.places = new KeyPlaces(settings.sockets.perKey);
    const options = {
      noServer: true,
      clientTracking: false,
      perMessageDeflate: false,
      maxPayload: settings.sockets.maxBytes,
      // Known to `ws`, not yet to its types.
      closeTimeout: CLOSE_MS,
    };
    this.handshake = new WebSocketServer(options);
    this.handshake.on('headers', (headers, request) => {
      headers.push(`X-Request-Id: ${requestIdOf(request)}`);
    });
    this.handshake.on('wsClientError', (error, socket, request) => {
      this.refuse(request, socket as Socket, new GatewayError('invalid_value', `${error.message}.`));
    });
  }

  /** Number of open sockets. */
  get size(): number {
    return this.sockets.size;
  }

  /** Call it once, before the server listens. @param exchanges also for upgrades that are refused */
  attach(server: Server, exchanges: ExchangeMiddleware): void {
    this.exchanges = exchanges;
    server.on('upgrade', (request: IncomingMessage, connection: Socket, head: Buffer) => {
      request.url = canonicalUrl(request.url ?? '');
      if (PATH.test(request.url) && request.headers.upgrade?.toLowerCase() === 'websocket')
        void this.admit(request, connection, head);
      else serveWithoutUpgrade(server, request, connection, head);
    });
  }

  /** Takes no more sockets, and no more messages on open ones. */
  stop(): void {
    this.isStopped = true;
    for (const socket of this.sockets.keys()) socket.retire(goingAway());
  }

  /** Closes all sockets, and drops clients that do not answer the close in time. */
  async beforeApplicationShutdown(): Promise<void> {
    for (const socket of this.sockets.keys()) socket.close();
    const timer = new AbortController();
    const timeout = delay(LAST_CLOSE_MS, undefined, { signal: timer.signal }).catch(() => undefined);
    await Promise.race([Promise.all(this.sockets.values()), timeout]);
    timer.abort();
    for (const socket of this.sockets.keys()) socket.terminate();
  }

  private async admit(request: IncomingMessage, connection: Socket, head: Buffer): Promise<void> {
    // The `close` event follows; without a listener the error would end the process.
    connection.on('error', () => undefined);
    try {
      this.refuseWhenDraining();
      const caller = callerOf(request);
      const origin = { ...caller, chainId: this.networks.chainIdOf(caller.chainId) };
      await this.keys.check(caller);
      this.refuseWhenDraining();
      if (connection.destroyed) return;
      this.places.refuseWhenFull(caller.payer);
      this.handshake.handleUpgrade(request, connection, head, (webSocket) => {
        this.open(request, connection, webSocket, origin);
      });
    } catch (thrown) {
      this.refuse(request, connection, toGatewayError(thrown));
    }
  }

  private open(request: IncomingMessage, connection: Socket, webSocket: WebSocket, origin: CallOrigin): void {
    const { streaming, maxBytes, lifetimeMs, graceMs } = this.settings.sockets;
    const { responses, keys, intake } = this;
    const socket = new ResponseSocket(webSocket, connection, {
      responses,
      keys,
      intake,
      origin,
      surface: surfaceOf(request),
      streaming,
      maxBytes,
    });
    const openedAt = performance.now();
    let lastTimer = setTimeout(() => {
      lastTimer = setTimeout(() => socket.close(), graceMs);
      socket.retire(outlived());
    }, lifetimeMs);
    const closed = new Promise<void>((resolve) => {
      webSocket.once('close', (code: number) => {
        clearTimeout(lastTimer);
        this.sockets.delete(socket);
        this.places.giveBack(origin.payer);
        const durationMs = Math.round(performance.now() - openedAt);
        this.logger.log({ msg: 'a socket was closed', requestId: origin.requestId, code, durationMs });
        resolve();
      });
    });
    this.sockets.set(socket, closed);
    this.places.take(origin.payer);
  }

  private refuseWhenDraining(): void {
    if (this.isStopped) throw new GatewayError('service_unavailable', undefined, { retryAfterSeconds: 1 });
  }

  /** Answers in plain HTTP: there is no WebSocket yet. */
  private refuse(request: IncomingMessage, connection: Socket, error: GatewayError): void {
    if (connection.destroyed) return;
    const severity = severityOf(error);
    if (severity) this.logger[severity]({ msg: 'an upgrade failed', code: error.code, err: error.cause });
    // The connection is not read any further: bytes after an upgrade are not HTTP.
    request.complete = true;
    const response = new ServerResponse(request);
    response.shouldKeepAlive = false;
    response.assignSocket(connection);
    response.once('finish', () => connection.destroySoon());
    requestIdMiddleware(request, response, () => {
      this.exchanges(request, response, () => sendError(request, response, error));
    });
  }
}

function goingAway(): Retirement {
  return {
    code: 1001,
    reason: 'The gateway is going away.',
    refusal: new GatewayError('service_unavailable', undefined, { retryAfterSeconds: 1 }),
  };
}

function outlived(): Retirement {
  return {
    code: 1000,
    reason: 'The connection has reached its age limit.',
    refusal: new GatewayError('websocket_connection_limit_reached'),
  };
}
