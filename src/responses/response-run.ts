import { Observable, type Subscriber } from 'rxjs';
import type { GatewayError } from '../base/errors/gateway-error.js';
import { newId } from '../base/ids.js';
import type {
  CallRecord,
  Ending,
  RecordEnd,
  RecordEvent,
  RecordItem,
  RecordStart,
} from '../payments/call-record.js';
import type { Measurement } from '../base/money/meter.js';
import type { TextEvent } from '../text/text-event.js';
import type { EventLog } from './background/event-log.js';
import type { PendingResponse } from './background/pending-response.js';
import type { ConversationLock } from './conversations/conversation-lock.js';
import type { CompactionPlan } from './domain/compaction-plan.js';
import type { CompactionItem, OutputItem } from './domain/item.js';
import type { ResponseEvent } from './domain/response-event.js';
import { failInstead } from './domain/fail-instead.js';
import { envelopeJson } from './domain/response-json.js';
import { ResponseReducer, type ResponseEnd } from './domain/response-reducer.js';
import type { ResponseObject, ResponseSettings } from './domain/response.js';
import type { ToolIdentity } from './domain/tool-identity.js';
import { recordItem } from './record-item.js';

export type OpenedEvent = Extract<TextEvent, { type: 'opened' }>;
/** An event that a run shows while it goes on; its last events wait until they are stored. */
export type RunEvent = OpenedEvent | ResponseEvent;

export interface RunSettings {
  readonly responseId: string;
  readonly createdAtMs: number;
  readonly settings: ResponseSettings;
  readonly tools: ReadonlyMap<string, ToolIdentity>;
  readonly input: readonly RecordItem[];
  readonly streamed: boolean;
  /** The lock of the conversation that it runs on. */
  readonly lock?: ConversationLock | undefined;
  /** The compaction that it begins with. */
  readonly compaction?: CompactionPlan | undefined;
}

/** One run of a Response: makes its events and its record. */
export class ResponseRun implements CallRecord {
  private readonly reducer: ResponseReducer;
  private hasBegun = false;
  private log: EventLog | undefined;
  private pending: PendingResponse | undefined;
  /** The first events of a run that ends before it has begun. */
  private unshown: readonly ResponseEvent[] = [];
  private closed: ResponseEnd | undefined;
  /** Events about it that were numbered after its end. */
  private numberedAfter = 0;
  /** Who hears the answer of the model. */
  private listener: Subscriber<RunEvent> | undefined;

  constructor(private readonly run: RunSettings) {
    const { responseId: id, createdAtMs, settings, tools } = run;
    const createdSeconds = Math.floor(createdAtMs / 1000);
    this.reducer = new ResponseReducer({ id, createdSeconds, settings, newItemId: newId, tools });
  }

  get settings(): ResponseSettings {
    return this.run.settings;
  }

  get tools(): ReadonlyMap<string, ToolIdentity> {
    return this.run.tools;
  }

  get compaction(): CompactionPlan | undefined {
    return this.run.compaction;
  }

  /** The Response as of now. */
  snapshot(): ResponseObject {
    return this.reducer.snapshot();
  }

  /** The shown output in the form that is stored, and that later responses continue. */
  storedOutput({ output }: ResponseObject): readonly OutputItem[] {
    return this.reducer.stored(output);
  }

  /** Makes it a background run: its events go to the log, and another process may run it from `pending`. */
  detach(log: EventLog | undefined, pending: PendingResponse): void {
    this.log = log;
    this.pending = pending;
  }

  /**
   * The last events and the terminal one. A run that failed before its hold, or that cannot be shown, ends here. The
   * end for an error can always be shown.
   */
  closing(error?: GatewayError): ResponseEnd {
    if (error) this.closed = this.failed(error);
    return (this.closed ??= this.reducer.end({ status: 'completed' }, now()));
  }

  private failed(error: GatewayError): ResponseEnd {
    try {
      const end = this.closed ?? this.reducer.end({ status: 'failed', error }, now());
      if (isShowable(end)) return end.terminal.response.status === 'failed' ? end : failInstead(end, error);
    } catch {
      // A run that cannot end cannot be shown either.
    }
    const { events, terminal } = this.reducer.endWithout(error);
    return { events: [...this.unshown, ...events], terminal };
  }

  /** Unlike `concatMap`, makes no Observable for each event: streams have many events. */
  readonly shape = (events: Observable<TextEvent>): Observable<RunEvent> =>
    new Observable((subscriber) => {
      this.listener = subscriber;
      return events.subscribe({
        next: (event) => {
          try {
            for (const shown of this.accept(event)) subscriber.next(shown);
          } catch (failure) {
            subscriber.error(failure);
          }
          this.endIfSteered();
        },
        error: (failure: unknown) => subscriber.error(failure),
        complete: () => subscriber.complete(),
      });
    });

  /** See `ResponseReducer.steer`. The model is asked no further from the border on; what it said is paid for. */
  steer(wanted: boolean): void {
    this.reducer.steer(wanted);
    this.endIfSteered();
  }

  private endIfSteered(): void {
    if (this.reducer.isSteered) this.listener?.complete();
  }

  /** Whether its last events have their numbers, shown or not. */
  get hasEnded(): boolean {
    return this.closed !== undefined;
  }

  /** The next number of its events, for one about it that is not its own; after its end, those after its last one. */
  takeNumber(): number {
    if (!this.closed) return this.reducer.takeNumber();
    this.numberedAfter += 1;
    return this.closed.terminal.sequence_number + this.numberedAfter;
  }

  /** Shows the compaction of its context. */
  show(item: CompactionItem): readonly ResponseEvent[] {
    return this.reducer.show(item);
  }

  start(): RecordStart | undefined {
    const { responseId, settings, input, streamed, createdAtMs, lock } = this.run;
    lock?.use();
    if (!settings.store && !settings.conversation) return undefined;
    return {
      transient: !settings.store,
      responseId,
      status: settings.background ? 'queued' : 'in_progress',
      model: settings.model,
      previousResponseId: settings.previous_response_id ?? undefined,
      conversationId: settings.conversation?.id,
      background: settings.background,
      streamed,
      requestJson: this.pending && JSON.stringify(this.pending),
      envelopeJson: envelopeJson(this.reducer.snapshot()),
      input,
      createdAtMs,
    };
  }

  end(ending: Ending, measurement: Measurement | undefined): RecordEnd | undefined {
    if (!this.hasBegun) this.unshown = this.begin();
    if (measurement?.estimated)
      this.reducer.accept({ type: 'usage', usage: measurement.usage, estimated: true });
    // A run that could not be shown has ended already.
    if (!this.closed) {
      const { events, terminal } = this.reducer.end(ending, now());
      this.closed = { events: [...this.unshown, ...events], terminal };
    }
    const { events, terminal } = this.closed;
    return this.recordOf(this.closed, this.log?.rest([...events, terminal]));
  }

  endWithout(error: GatewayError): RecordEnd | undefined {
    const end = this.closing(error);
    const response = { ...end.terminal.response, output: [] };
    const kept = { events: [], terminal: { ...end.terminal, response } };
    return this.recordOf(kept, this.log?.restWithout([...end.events.filter(isError), kept.terminal]));
  }

  private recordOf(
    { terminal: { response } }: ResponseEnd,
    events: readonly RecordEvent[] = [],
  ): RecordEnd | undefined {
    const { settings, input } = this.run;
    const { store, conversation } = settings;
    if (!store && !conversation) return undefined;
    const output = this.storedOutput(response).map(recordItem);
    return {
      responseId: response.id,
      status: response.status,
      envelopeJson: envelopeJson(response),
      output: store ? output : [...input, ...output],
      events,
      ...(conversation && {
        conversation: { id: conversation.id, appends: response.status !== 'failed', transient: !store },
      }),
    };
  }

  refused(): void {
    this.run.lock?.refused();
  }

  /** Gives up a run that nobody waits for. No effect once its hold was requested. */
  abandon(): void {
    this.run.lock?.releaseUnused();
  }

  accept(event: TextEvent): readonly RunEvent[] {
    if (event.type !== 'opened') return this.reducer.accept(event);
    const first = this.hasBegun ? [] : this.begin();
    return [event, ...first, ...this.reducer.accept(event)];
  }

  /** A background run begins when it is accepted, any other when its upstream answers. */
  begin(): readonly ResponseEvent[] {
    this.hasBegun = true;
    return this.reducer.begin();
  }
}

function isError({ type }: ResponseEvent): boolean {
  return type === 'error';
}

/** A value that is nested too deeply or is too long cannot be serialised. */
function isShowable(end: ResponseEnd): boolean {
  try {
    return JSON.stringify(end) !== '';
  } catch {
    return false;
  }
}

function now(): number {
  return Math.floor(Date.now() / 1000);
}
