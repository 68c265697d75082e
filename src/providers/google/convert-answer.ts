import { isJsonObject, type JsonObject, type JsonValue } from '../../base/json.js';
import type { Usage } from '../../base/money/usage.js';
import { namesTool, type Prompt } from '../../text/prompt.js';
import type { SpokenEvent } from '../../text/text-event.js';
import { malformed } from '../http/malformed.js';
import type { AnswerConverter } from '../text/answer/answer-converter.js';
import { Candidate, type CandidateContext } from './candidate.js';
import { convertUsage } from './convert-usage.js';
import type { ToolNames } from './tool-names.js';

/** The most choices a request can ask for. */
const MAX_CHOICES = 128;

export interface AnswerContext {
  readonly prompt: Prompt;
  readonly names: ToolNames;
  /** Whose signatures they are: `reasoningScopeOf`. */
  readonly scope: string;
}

/**
 * Converts the frames of one answer to events; each is a GenerateContentResponse, and so is a whole answer. Usage is
 * cumulative, so the last one counts. Candidates finish when the answer does, since text may follow a reason.
 */
export class GeminiConverter implements AnswerConverter {
  private readonly candidates = new Map<number, Candidate>();
  private readonly context: CandidateContext;
  private readonly asked: number;
  private readonly keepsText: boolean;
  private isBlocked = false;
  private usage: Usage | undefined;

  constructor({ prompt, names, scope }: AnswerContext) {
    this.context = { names, scope, isCallForced: namesTool(prompt.toolChoice), ids: new Set() };
    this.asked = prompt.choices;
    this.keepsText = prompt.webSearch !== undefined;
  }

  convert(frame: JsonObject, events: SpokenEvent[]): void {
    const { candidates, promptFeedback, usageMetadata } = frame;
    // First, since a candidate that failed is billed too.
    this.convertUsage(usageMetadata, events);
    if (Array.isArray(candidates)) {
      (candidates as readonly JsonValue[]).forEach((candidate, position) => {
        if (isJsonObject(candidate)) this.convertCandidate(candidate, position, events);
      });
    }
    if (isJsonObject(promptFeedback)) this.isBlocked ||= isReason(promptFeedback['blockReason']);
  }

  /** Whether at least one candidate began, and every one that began has a reason; or the prompt was blocked. */
  get complete(): boolean {
    const begun = [...this.candidates.values()];
    return begun.length === 0 ? this.isBlocked : begun.every(({ reason }) => reason !== undefined);
  }

  get whole(): boolean {
    return this.complete && (this.isBlocked || this.candidates.size === this.asked);
  }

  finish(events: SpokenEvent[]): void {
    if (this.candidates.size === 0 && this.isBlocked) return this.finishBlocked(events);
    for (const candidate of this.candidates.values()) candidate.finish(events);
  }

  /** The prompt itself was refused, so there is nothing in any of the choices. */
  private finishBlocked(events: SpokenEvent[]): void {
    for (let choice = 0; choice < this.asked; choice += 1) {
      events.push({ type: 'start', choice });
      events.push({ type: 'finish', choice, reason: 'content_filter' });
    }
  }

  private convertCandidate(candidate: JsonObject, position: number, events: SpokenEvent[]): void {
    const index = typeof candidate['index'] === 'number' ? candidate['index'] : position;
    const known = this.candidates.get(index) ?? this.begin(index, events);
    known.convert(candidate, events);
  }

  private begin(index: number, events: SpokenEvent[]): Candidate {
    if (!Number.isInteger(index) || index < 0 || index >= MAX_CHOICES)
      throw malformed('a choice out of range');
    const candidate = new Candidate(index, this.context, this.keepsText);
    this.candidates.set(index, candidate);
    events.push({ type: 'start', choice: index });
    return candidate;
  }

  /** Most frames repeat the usage; only a change is told. */
  private convertUsage(metadata: JsonValue | undefined, events: SpokenEvent[]): void {
    const usage = convertUsage(metadata);
    if (usage === 'refused') events.push({ type: 'usage_refused' });
    if (usage === 'refused' || !usage || isSame(usage, this.usage)) return;
    this.usage = usage;
    events.push({ type: 'usage', usage });
  }
}

function isReason(reason: JsonValue | undefined): boolean {
  return typeof reason === 'string' && reason !== '' && reason !== 'BLOCKED_REASON_UNSPECIFIED';
}

function isSame(one: Usage, other: Usage | undefined): boolean {
  return (
    one.inputTokens === other?.inputTokens &&
    one.outputTokens === other.outputTokens &&
    one.cachedInputTokens === other.cachedInputTokens &&
    one.reasoningTokens === other.reasoningTokens
  );
}
