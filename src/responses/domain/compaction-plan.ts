import type { JsonObject } from '../../base/json.js';

/** A compaction that a run begins with. Stored as JSON with a background run. */
export interface CompactionPlan {
  /** Of the compaction. Where it is the whole content of a message in the run's chat, the summary takes its place. */
  readonly itemId: string;
  /** The chat-completions body whose answer is the summary. */
  readonly ask: JsonObject;
  /** What stays behind the summary. */
  readonly tail: readonly JsonObject[];
  /** Whether the run's chat follows; else the compaction is all that was asked for. */
  readonly answers: boolean;
}
