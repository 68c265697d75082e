import { isIP } from 'node:net';
import { Injectable, type CanActivate, type ExecutionContext } from '@nestjs/common';
import type { Request } from 'express';
import { AdminGuard } from './admin-guard.js';

/**
 * Lets a scraper on the same machine in without a token. A request through a proxy on this machine comes from
 * elsewhere, so any forwarding header makes the token necessary.
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
