import type { IncomingMessage } from 'node:http';
import {
  createParamDecorator,
  Injectable,
  UseGuards,
  type CanActivate,
  type ExecutionContext,
} from '@nestjs/common';
import { KeyAuthenticator } from '../payments/keys/key-authenticator.js';
import { callerOf } from './caller.js';
import type { Surface } from './surface.js';
import type { Payer } from '../payments/payer.js';

/** The account that owns stored objects, proved by its key. */
export interface Account {
  readonly id: string;
  readonly payer: Payer;
  /** Catalog entries that its key may use; an empty list allows all. */
  readonly allowedModels: readonly string[];
  readonly surface: Surface;
}

const accounts = new WeakMap<IncomingMessage, Account>();

/** Looks the key up before anything else, on routes that cost nothing and so have no hold that would check it. */
@Injectable()
class AccountGuard implements CanActivate {
  constructor(private readonly keys: KeyAuthenticator) {}

  /** @throws GatewayError 401 for an unknown, revoked or expired key, 429 for a key that is at its limits */
  async canActivate(context: ExecutionContext): Promise<boolean> {
    const request = context.switchToHttp().getRequest<IncomingMessage>();
    const caller = callerOf(request);
    const { accountId, allowedModels } = await this.keys.authenticate(caller);
    const { payer, surface } = caller;
    accounts.set(request, { id: accountId, payer, allowedModels, surface });
    return true;
  }
}

/** Marks a route, or all routes of a controller, that use `CurrentAccount`. */
export const ForAccounts = (): ClassDecorator & MethodDecorator => UseGuards(AccountGuard);

/** The account of a request to a `ForAccounts` route. */
export const CurrentAccount = createParamDecorator((_data: unknown, context: ExecutionContext): Account => {
  const account = accounts.get(context.switchToHttp().getRequest<IncomingMessage>());
  if (!account) throw new Error('this route is not marked as one for accounts');
  return account;
});
