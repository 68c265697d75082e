import { Injectable, Logger } from '@nestjs/common';
import type { Moment } from './moment.js';

/** Called synchronously, while the work that it hears of waits. It must be quick, and defer slow work. */
export type Listener = (moment: Moment) => void;

/** Publishes what happens in this process, when it happens, to logs, metrics and other listeners. */
@Injectable()
export class Moments {
  private readonly logger = new Logger(Moments.name);
  private listeners: readonly Listener[] = [];

  /** @returns a function that ends the subscription */
  subscribe(listener: Listener): () => void {
    this.listeners = [...this.listeners, listener];
    return () => {
      this.listeners = this.listeners.filter((other) => other !== listener);
    };
  }

  /** Never throws: a listener's failure does not reach the publisher. */
  publish(moment: Moment): void {
    for (const listener of this.listeners) {
      try {
        listener(moment);
      } catch (failure) {
        this.logger.error({ msg: 'a listener failed', moment: moment.type, err: failure });
      }
    }
  }
}
