import { Injectable, Logger } from '@nestjs/common';
import type { Moment } from './moment.js';

/** Is called while what it hears of goes on, so it is quick, and puts off what takes time. */
export type Listener = (moment: Moment) => void;

/** Tells logs, metrics and whoever else listens what happens in this process, at the moment when it does. */
@Injectable()
export class Moments {
  private readonly logger = new Logger(Moments.name);
  private listeners: readonly Listener[] = [];

  /** @returns how to end it. */
  subscribe(listener: Listener): () => void {
    this.listeners = [...this.listeners, listener];
    return () => {
      this.listeners = this.listeners.filter((other) => other !== listener);
    };
  }

  /** Never throws: the failure of a listener is its own. */
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
