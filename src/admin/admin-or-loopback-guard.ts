import { isIP } from 'node:net';
import { Injectable, type CanActivate, type ExecutionContext } from '@nestjs/common';
import type { Request } from 'express';
import { AdminGuard } from './admin-guard.js';

/**
 * For a scraper on the same machine, which needs no token. A request that came through a proxy on this machine did not
 * come from it, so any forwarding header asks for the token.
 */
@Injectable()
export class AdminOrLoopbackGuard implements CanActivate {
  constructor(private readonly admin: AdminGuard) {}

  canActivate(context: ExecutionContext): boolean {
    const { headers, socket } = context.switchToHttp().getRequest<Request>();
    const forwarded = 'forwarded' in headers || 'x-forwarded-for' in headers || 'x-real-ip' in headers;
    if (!forwarded && isLoopback(socket.remoteAddress ?? '')) return true;
    return this.admin.canActivate(context);
  }
}

function isLoopback(address: string): boolean {
  const plain = address.replace(/^::ffff:/, '');
  return plain === '::1' || (isIP(plain) === 4 && plain.startsWith('127.'));
}
