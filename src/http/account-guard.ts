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

/** Who owns what is stored, as a key has shown it. */
export interface Account {
  readonly id: string;
  readonly payer: Payer;
  /** Entries of the catalog that its key may use; none names all. */
  readonly allowedModels: readonly string[];
  readonly surface: Surface;
}

const accounts = new WeakMap<IncomingMessage, Account>();

/** Looks the key up before anything else: for routes that cost nothing, so that no hold would check it. */
@Injectable()
class AccountGuard implements CanActivate {
  constructor(private readonly keys: KeyAuthenticator) {}

  /** @throws GatewayError 401 for a key that is none or does not live, 429 for one that is at its limits */
  async canActivate(context: ExecutionContext): Promise<boolean> {
    const request = context.switchToHttp().getRequest<IncomingMessage>();
    const caller = callerOf(request);
    const { accountId, allowedModels } = await this.keys.authenticate(caller);
    const { payer, surface } = caller;
    accounts.set(request, { id: accountId, payer, allowedModels, surface });
    return true;
  }
}

/** Marks a route, or all of a controller, that `CurrentAccount` is asked for. */
export const ForAccounts = (): ClassDecorator & MethodDecorator => UseGuards(AccountGuard);

/** The account of a route that is `ForAccounts`. */
export const CurrentAccount = createParamDecorator((_data: unknown, context: ExecutionContext): Account => {
  const account = accounts.get(context.switchToHttp().getRequest<IncomingMessage>());
  if (!account) throw new Error('this route is not marked as one for accounts');
  return account;
});
