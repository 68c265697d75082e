import { createHash, timingSafeEqual } from 'node:crypto';
import { Inject, Injectable, type CanActivate, type ExecutionContext } from '@nestjs/common';
import type { Request } from 'express';
import { GatewayError } from '../errors/gateway-error.js';

export const ADMIN_TOKEN = Symbol('admin token');

@Injectable()
export class AdminGuard implements CanActivate {
  private readonly expected: Buffer;

  constructor(@Inject(ADMIN_TOKEN) token: string) {
    this.expected = digest(token);
  }

  canActivate(context: ExecutionContext): boolean {
    const header = context.switchToHttp().getRequest<Request>().headers.authorization ?? '';
    const [, token = ''] = /^bearer\s+(\S+)$/i.exec(header) ?? [];
    if (!timingSafeEqual(digest(token), this.expected)) throw new GatewayError('invalid_admin_token');
    return true;
  }
}

/** Equal lengths, whatever was sent. */
function digest(token: string): Buffer {
  return createHash('sha256').update(token).digest();
}
