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

/** Refuses every query parameter, as other routes refuse unknown ones. */
export function TakesNoQuery(): MethodDecorator {
  return UseGuards(NoQueryGuard);
}
