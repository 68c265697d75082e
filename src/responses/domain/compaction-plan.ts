import type { JsonObject } from '../../base/json.js';
import type { Prompt } from '../../text/prompt.js';

/** A compaction that a run begins with. */
export interface CompactionPlan {
  /** Of the compaction. Where it is the whole content of a message in the run's prompt, the summary takes its place. */
  readonly itemId: string;
  /** Its answer is the summary. */
  readonly ask: Prompt;
  /** What stays behind the summary. */
  readonly tail: readonly JsonObject[];
  /** Whether the run's prompt follows; else the compaction is all that was asked for. */
  readonly answers: boolean;
}
