import type { JsonObject } from '../../base/json.js';
import type { Prompt } from '../../text/prompt.js';

/** A compaction that a run begins with. */
export interface CompactionPlan {
  /** Id of the compaction. The summary replaces it in the run's prompt, where it is the whole content of a message. */
  readonly itemId: string;
  /** The prompt whose answer is the summary. */
  readonly ask: Prompt;
  /** The items that stay after the summary. */
  readonly tail: readonly JsonObject[];
  /** Whether the run's prompt follows; otherwise the request asks for the compaction alone. */
  readonly answers: boolean;
}
