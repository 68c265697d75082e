import type { HeaderFields } from '../../streaming/presenter.js';

/** What a repetition of a request is answered with. */
export interface KeptAnswer {
  /** `followed`: the events of a background response, from its beginning. `job`: a video as it is now. */
  readonly kind: 'whole' | 'stream' | 'followed' | 'job';
  readonly status: number;
  readonly headers: HeaderFields;
  /** The body, or the frames before the wire's end; else empty. */
  readonly content: string;
}

export interface IdempotencyRecord {
  readonly fingerprint: Buffer;
  readonly responseId: string;
  /** `running`: not known yet. `lost`: the call was charged, but broke off. `erased`: its client has deleted it. */
  readonly answer: KeptAnswer | 'running' | 'lost' | 'erased';
}

/** Records of requests that run once. They are made by the hold of their call and finished by its end: see `Ledger`. */
export abstract class IdempotencyStore {
  /** One that is not older than 24 hours. */
  abstract find(accountId: string, key: string): Promise<IdempotencyRecord | undefined>;
  abstract countReplay(accountId: string, key: string): Promise<void>;
  /** How a request for a `job` was answered. */
  abstract keep(responseId: string, answer: KeptAnswer): Promise<void>;
  /** Deletes records that are older than 24 hours. @returns how many there were, at most `limit` */
  abstract purge(limit: number): Promise<number>;
}
