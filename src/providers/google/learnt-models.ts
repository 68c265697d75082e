import type { JsonObject } from '../../base/json.js';
import { demandsSignatures } from '../text/gemini-signatures.js';
import type { RefusedSignatures } from '../text/refused-signatures.js';
import type { Trial } from '../text/remedy.js';
import { readError } from '../read-error.js';
import type { AskedThinking } from './generation-config.js';
import type { GenerateContentBody } from './wire.js';

/** Clients can name any number of models where names are passed through. */
const MAX_MODELS = 1_000;

/** As a trial names what it leaves out. */
const EFFORT = 'reasoning_effort';
const THINKING = 'thinkingConfig';

const SIGNATURE = /thought[ _]?signature/i;
const MISSING = /\bmissing\b/i;
/** The effort is a hint, and to show thoughts is an addition of the gateway: neither may cost a call. */
const ABOUT_THINKING = /thinking|include_?thoughts/i;

/** A request that was refused. */
interface Refused {
  readonly upstreamModel: string;
  readonly body: GenerateContentBody;
  readonly signatures: readonly string[];
  readonly trial: Trial | undefined;
}

/** What models have shown with their refusals, whatever their names say. */
export class LearntModels {
  private readonly demanding = new Set<string>();
  private readonly withoutThinking = new Set<string>();

  constructor(private readonly refused: RefusedSignatures) {}

  demandsSignatures(upstreamModel: string): boolean {
    return demandsSignatures(upstreamModel) || this.demanding.has(upstreamModel);
  }

  thinking(upstreamModel: string, trial: Trial | undefined): AskedThinking {
    const left = trial?.remedy.omitFields ?? [];
    if (left.includes(THINKING) || this.withoutThinking.has(upstreamModel)) return 'none';
    return left.includes(EFFORT) ? 'shown' : 'effort';
  }

  /** The changes with which the same model may accept the request; undefined when none is known. */
  trialAfter(status: number, body: unknown, asked: Refused): Trial | undefined {
    if (status !== 400) return undefined;
    const { message = '' } = readError(body);
    if (SIGNATURE.test(message))
      return this.learnsSignatures(message, asked) ? (asked.trial ?? { remedy: {} }) : undefined;
    const left = ABOUT_THINKING.test(message) ? leftOut(asked.body) : undefined;
    if (left === undefined) return undefined;
    const remedy = { omitFields: [left] };
    // A value that is refused says nothing about other values.
    return left === THINKING ? { remedy, lasting: remedy } : { remedy };
  }

  /** To be called when a request was accepted. */
  accepted(upstreamModel: string, trial: Trial | undefined): void {
    if (trial?.lasting?.omitFields?.includes(THINKING)) add(this.withoutThinking, upstreamModel);
  }

  /** Whether the next request differs: without the signatures that do not hold, or with those that are demanded. */
  private learnsSignatures(message: string, { signatures, upstreamModel }: Refused): boolean {
    if (!MISSING.test(message)) return this.refused.add(signatures);
    return !this.demandsSignatures(upstreamModel) && add(this.demanding, upstreamModel);
  }
}

/** The next thing to leave out. */
function leftOut({ generationConfig }: GenerateContentBody): string | undefined {
  const thinking: JsonObject | undefined = generationConfig?.thinkingConfig;
  if (!thinking) return undefined;
  return thinking['thinkingLevel'] !== undefined || thinking['thinkingBudget'] !== undefined
    ? EFFORT
    : THINKING;
}

/** @returns whether it was added */
function add(models: Set<string>, upstreamModel: string): boolean {
  if (models.size >= MAX_MODELS) return false;
  models.add(upstreamModel);
  return true;
}
