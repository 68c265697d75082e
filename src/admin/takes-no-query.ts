import { type CanActivate, type ExecutionContext, Injectable, UseGuards } from '@nestjs/common';
import type { Request } from 'express';
import { unknownName } from './checked.js';

@Injectable()
class NoQueryGuard implements CanActivate {
  canActivate(context: ExecutionContext): boolean {
    const [name] = Object.keys(context.switchToHttp().getRequest<Request>().query);
    if (name !== undefined) throw unknownName(name, []);
    return true;
  }
}

/** A query parameter on this route is a mistake, as on those that take some others. */
export function TakesNoQuery(): MethodDecorator {
  return UseGuards(NoQueryGuard);
}
