import { Injectable } from '@nestjs/common';
import { Subject, type Observable } from 'rxjs';
import { GatewayError } from '../errors/gateway-error.js';

/** The way out: first no new work is taken, and when the grace is over running work is cut off. */
@Injectable()
export class Drain {
  private begun = false;
  private readonly cutOffSubject = new Subject<never>();

  /** Errors with GatewayError server_error when the grace is over; at once for whoever subscribes after that. */
  readonly cutOff$: Observable<never> = this.cutOffSubject.asObservable();

  get draining(): boolean {
    return this.begun;
  }

  begin(): void {
    this.begun = true;
  }

  cutOff(): void {
    this.begin();
    this.cutOffSubject.error(
      new GatewayError(
        'server_error',
        'The gateway is shutting down and stopped this call before it was complete.',
      ),
    );
  }
}
