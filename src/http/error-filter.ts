import { type ServerResponse } from 'node:http';
import { type ArgumentsHost, Catch, type ExceptionFilter, HttpException, Logger } from '@nestjs/common';
import type { Request } from 'express';
import { GatewayError, severityOf, toGatewayError } from '../base/errors/gateway-error.js';
import { speaksAsAsked, wireOf } from '../streaming/wire-of.js';
import { ClientLeft } from './client-left.js';
import { requestIdOf } from './request-id.js';
import { sendError } from './send-error.js';

/** Sends every failure of every route in the client's wire. Causes go to the log only. */
@Catch()
export class ErrorFilter implements ExceptionFilter {
  private readonly logger = new Logger(ErrorFilter.name);

  catch(thrown: unknown, host: ArgumentsHost): void {
    if (thrown instanceof ClientLeft) return;
    const http = host.switchToHttp();
    const request = http.getRequest<Request>();
    const error = thrown instanceof HttpException ? fromFramework(thrown, request) : toGatewayError(thrown);
    this.log(error, requestIdOf(request));
    sendError(request, http.getResponse<ServerResponse>(), error);
  }

  private log(error: GatewayError, requestId: string): void {
    const severity = severityOf(error);
    if (severity)
      this.logger[severity]({ msg: 'a request failed', requestId, code: error.code, err: error.cause });
  }
}

/** Only the router throws these: for an unknown route, or for an address that it cannot decode. */
function fromFramework(thrown: HttpException, request: Request): GatewayError {
  const status = thrown.getStatus();
  if (status === 404) return noRoute(request);
  if (status === 413) return new GatewayError('request_too_large');
  if (status >= 400 && status < 500) return new GatewayError('invalid_value', 'The request is malformed.');
  return new GatewayError('internal_error', undefined, { cause: thrown });
}

function noRoute(request: Request): GatewayError {
  speaksAsAsked(request);
  const [path = ''] = request.originalUrl.split('?', 1);
  return wireOf(request).noRoute(request.method, path);
}
