import type { HeaderFields } from '../../streaming/presenter.js';

/** The answer to a repeated request. */
export interface KeptAnswer {
  /** `followed`: the events of a background response, from its beginning. `job`: a video as it is now. */
  readonly kind: 'whole' | 'stream' | 'followed' | 'job';
  readonly status: number;
  readonly headers: HeaderFields;
  /** The body, or the frames before the wire's end; empty for the other kinds. */
  readonly content: string;
}

export interface IdempotencyRecord {
  readonly fingerprint: Buffer;
  readonly responseId: string;
  /** `running`: not known yet. `lost`: the call was charged, but broke off. `erased`: its client has deleted it. */
  readonly answer: KeptAnswer | 'running' | 'lost' | 'erased';
}

/** Records of requests that run once. The hold of a call makes its record, its end finishes it: see `Ledger`. */
export abstract class IdempotencyStore {
  /** Finds a record that is not older than 24 hours. */
  abstract find(accountId: string, key: string): Promise<IdempotencyRecord | undefined>;
  abstract countReplay(accountId: string, key: string): Promise<void>;
  /** Keeps the answer to the request for a `job`. */
  abstract keep(responseId: string, answer: KeptAnswer): Promise<void>;
  /** Deletes records that are older than 24 hours. @returns how many there were, at most `limit` */
  abstract purge(limit: number): Promise<number>;
}
