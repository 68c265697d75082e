import { Injectable, type CanActivate, type ExecutionContext } from '@nestjs/common';
import type { Request } from 'express';
import { GatewayError } from '../base/errors/gateway-error.js';
import { AdminToken } from './admin-token.js';

@Injectable()
export class AdminGuard implements CanActivate {
  constructor(private readonly token: AdminToken) {}

  canActivate(context: ExecutionContext): boolean {
    const { authorization } = context.switchToHttp().getRequest<Request>().headers;
    if (!this.token.accepts(authorization)) throw new GatewayError('invalid_admin_token');
    return true;
  }
}
