import type { FinishReason, TextEvent } from '../../text/text-event.js';
import { conclude, type Conclusion, type Ending, type EndingError, TERMINAL_EVENTS } from './ending.js';
import { errorEvent } from './error-event.js';
import type { CompactionItem, OutputItem, OutputItemPrefix } from './item.js';
import { OutputItems, type ContentEvent } from './output-items.js';
import type { ResponseEnvelope, ResponseObject, ResponseSettings } from './response.js';
import type { ResponseEvent, ResponseEventBody, TerminalEventBody } from './response-event.js';
import { responseError } from './response-error.js';
import { toObject } from './response-json.js';
import { responseUsage, type UsageEvent } from './response-usage.js';
import { move, type TerminalStatus } from './status.js';
import type { ToolIdentity } from './tool-identity.js';

export interface ReducerOptions {
  readonly id: string;
  /** Unix seconds. */
  readonly createdSeconds: number;
  readonly settings: ResponseSettings;
  readonly newItemId: (prefix: OutputItemPrefix) => string;
  /** Tools by their name on the chat wire, unless they are functions of that name. */
  readonly tools: ReadonlyMap<string, ToolIdentity>;
}

/** The last events of a response, and the terminal one, which waits until the response is stored. */
export interface ResponseEnd {
  readonly events: readonly ResponseEvent[];
  readonly terminal: ResponseEvent & TerminalEventBody;
}

const NOTHING: readonly ResponseEvent[] = [];

/**
 * Turns the events of an upstream into the events of the Responses API and the Response itself. Everything that it
 * returns stays unchanged. Only the first choice is shown: a Response has one.
 */
export class ResponseReducer {
  private readonly output: OutputItems;
  /** The output is added when the Response is shown. */
  private response: ResponseObject;
  private finishReason: FinishReason | undefined;
  /** Who gets back the fields that the provider adds to calls: it alone, or all providers of its scope. */
  private owner: string | undefined;
  /** Shown only at the end. */
  private usage: UsageEvent | undefined;
  private events: ResponseEvent[] = [];
  private nextNumber = 0;
  private stage: 'new' | 'running' | 'ended' = 'new';
  /** Whether the response is to end at its next border, and whether it has come to it. */
  private steering: 'none' | 'wanted' | 'done' = 'none';
  /** The state before `end`. */
  private beforeEnd: { readonly response: ResponseObject; readonly nextNumber: number } | undefined;

  constructor({ id, createdSeconds, settings, newItemId, tools }: ReducerOptions) {
    this.output = new OutputItems(newItemId, tools, (event) => this.emit(event));
    const envelope: ResponseEnvelope = {
      ...settings,
      id,
      object: 'response',
      created_at: createdSeconds,
      completed_at: null,
      status: settings.background ? 'queued' : 'in_progress',
      incomplete_details: null,
      error: null,
      usage: null,
    };
    this.response = toObject(envelope, []);
  }

  /**
   * Emits `response.created`, for a background run `response.queued`, and `response.in_progress`.
   * @throws Error when called twice.
   */
  begin(): readonly ResponseEvent[] {
    if (this.stage !== 'new') throw new Error('a response begins once');
    this.stage = 'running';
    let response = this.snapshot();
    this.emit({ type: 'response.created', response });
    if (response.status === 'queued') {
      this.emit({ type: 'response.queued', response });
      this.response = { ...this.response, status: move(response.status, 'in_progress') };
      response = this.snapshot();
    }
    this.emit({ type: 'response.in_progress', response });
    return this.take();
  }

  /** Events after the end are not shown. @throws Error before the beginning. */
  accept(event: TextEvent): readonly ResponseEvent[] {
    if (this.stage === 'new') throw new Error('a response has to begin before it says something');
    if (event.type === 'opened') {
      this.owner = event.scope ?? event.provider;
      return NOTHING;
    }
    if (this.stage === 'ended') return NOTHING;
    if (event.type === 'usage') {
      this.usage = event;
      return NOTHING;
    }
    if (this.isSteered) return NOTHING;
    if (event.choice !== 0 || event.type === 'start') return NOTHING;
    if (event.type === 'finish') {
      this.finishReason = event.reason;
      return NOTHING;
    }
    const asked = this.asAskedFor(event);
    if (this.steering === 'wanted') this.output.endBefore(asked);
    if (!this.isAtBorder()) this.output.accept(asked);
    this.isAtBorder();
    return this.take();
  }

  /**
   * Ends the response at its next border: where an item has ended and no other one has begun. A call of a tool that the
   * client runs, and a model that has finished, come first. No effect on a response that does not run.
   * @param wanted false takes it back, unless the border has been reached
   */
  steer(wanted: boolean): void {
    if (this.stage !== 'running' || this.isSteered) return;
    this.steering = wanted ? 'wanted' : 'none';
    this.isAtBorder();
  }

  /** Whether the response was steered and has come to its border: nothing more is shown of its upstream. */
  get isSteered(): boolean {
    return this.steering === 'done';
  }

  /** Looks whether a response that is to end at its next border has come to it. */
  private isAtBorder(): boolean {
    if (this.steering === 'wanted' && this.finishReason === undefined && this.output.isAtBorder)
      this.steering = 'done';
    return this.isSteered;
  }

  /** The number of an event about the response that is not its own, among those of its own. Not after the end. */
  takeNumber(): number {
    const number = this.nextNumber;
    this.nextNumber += 1;
    return number;
  }

  /** Shows that the conversation has been compacted. @throws Error before the beginning and after the end. */
  show(item: CompactionItem): readonly ResponseEvent[] {
    if (this.stage !== 'running') throw new Error('a response compacts while it runs');
    this.output.add(item);
    return this.take();
  }

  /**
   * Ends the open items and then the response; a failure adds the `error` event. The terminal event is separate, since
   * it may be shown only when the response is stored. A run that never began gets its first events here.
   *
   * @param atSeconds Unix seconds
   * @throws Error when called twice
   */
  end(told: Ending, atSeconds: number): ResponseEnd {
    if (this.stage === 'ended') throw new Error('a response ends once');
    const ending = told.status === 'failed' ? { ...told, error: responseError(told.error) } : told;
    const first = this.stage === 'new' ? this.begin() : NOTHING;
    this.stage = 'ended';
    this.beforeEnd = { response: this.response, nextNumber: this.nextNumber };
    const conclusion = conclude(ending, this.isSteered ? 'steered' : this.finishReason);
    this.output.closeAll(conclusion.status === 'completed' ? 'completed' : 'incomplete');
    if (ending.status === 'failed') this.emit(errorEvent(ending.error));
    this.concludeWith(conclusion, atSeconds);
    return {
      events: [...first, ...this.take()],
      terminal: this.terminal(conclusion.status, this.snapshot()),
    };
  }

  /**
   * Replaces an end that cannot be shown: the response fails without any output, and its open items are not ended. The
   * numbers continue after the events that were returned before `end`.
   */
  endWithout(told: EndingError): ResponseEnd {
    const error = responseError(told);
    const first = this.stage === 'new' ? this.begin() : NOTHING;
    this.stage = 'ended';
    this.events = [];
    this.beforeEnd ??= { response: this.response, nextNumber: this.nextNumber };
    this.response = this.beforeEnd.response;
    this.nextNumber = this.beforeEnd.nextNumber;
    const conclusion = conclude({ status: 'failed', error });
    this.emit(errorEvent(error));
    this.concludeWith(conclusion, 0);
    const terminal = this.terminal(conclusion.status, this.response);
    return { events: [...first, ...this.take()], terminal };
  }

  private concludeWith(conclusion: Conclusion, atSeconds: number): void {
    this.response = {
      ...this.response,
      ...conclusion,
      status: move(this.response.status, conclusion.status),
      completed_at: conclusion.status === 'completed' ? atSeconds : null,
      usage: this.usage ? responseUsage(this.usage) : null,
    };
  }

  private terminal(status: TerminalStatus, response: ResponseObject): ResponseEnd['terminal'] {
    return { type: TERMINAL_EVENTS[status], sequence_number: this.nextNumber, response };
  }

  /** The Response as of now. */
  snapshot(): ResponseObject {
    return { ...this.response, output: this.output.now() };
  }

  /** Few upstreams have summaries: a client that asked for one gets the reasoning itself in its place. */
  private asAskedFor(event: ContentEvent): ContentEvent {
    return event.type === 'reasoning' && (this.response.reasoning?.summary ?? null) !== null
      ? { ...event, type: 'reasoning_summary' }
      : event;
  }

  /** The shown output in its stored form. */
  stored(shown: readonly OutputItem[]): readonly OutputItem[] {
    return this.output.stored(shown, this.owner);
  }

  private emit(event: ResponseEventBody): void {
    this.events.push({ ...event, sequence_number: this.nextNumber });
    this.nextNumber += 1;
  }

  private take(): readonly ResponseEvent[] {
    const { events } = this;
    this.events = [];
    return events;
  }
}
