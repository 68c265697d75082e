import { Injectable, type CanActivate } from '@nestjs/common';
import { GatewayError } from '../../base/errors/gateway-error.js';
import { Drain } from './drain.js';

/** Refuses new work while the process drains; running work goes on. */
@Injectable()
export class AcceptingWork implements CanActivate {
  constructor(private readonly drain: Drain) {}

  canActivate(): boolean {
    if (this.drain.draining)
      throw new GatewayError('service_unavailable', undefined, { retryAfterSeconds: 1 });
    return true;
  }
}
