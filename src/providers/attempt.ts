import type { Target } from '../catalog/model.js';
import type { Trial } from './text/remedy.js';

/** One attempt of one call at one target, whatever the call asks for. */
export interface Attempt {
  /** Of a provider with several keys, its settings have the key for this attempt. */
  readonly target: Target;
  /** 1 for the first attempt. */
  readonly attempt: number;
  /** The remedy from an earlier attempt at this target. */
  readonly trial?: Trial | undefined;
  /** Aborted when the client left or the call was cut off; the upstream's socket must be closed at once. */
  readonly signal: AbortSignal;
  /** To be called when the request is about to be written to a connected socket: from here on it may cost money. */
  readonly onSent: () => void;
  /**
   * To be awaited before anything is sent. When it rejects, nothing may be sent, and the call fails with that reason.
   */
  readonly beforeSending?: (() => Promise<void>) | undefined;
}
