import type { KeptAnswer } from './idempotency-store.js';
import type { LiveAnswer } from './running-answers.js';

/** The answer to an earlier, identical request. */
export interface Earlier {
  readonly accountId: string;
  readonly responseId: string;
  readonly answer: KeptAnswer | LiveAnswer;
}

/** The same, when the first call has ended. */
export interface KeptEarlier extends Earlier {
  readonly answer: KeptAnswer;
}
