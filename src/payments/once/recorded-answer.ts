import { Observable, type Subscriber } from 'rxjs';
import type { GatewayError } from '../../base/errors/gateway-error.js';
import type { BodyPresenter, HeaderFields, StreamPresenter } from '../../streaming/presenter.js';
import type { ShownEvent } from '../compose-headers.js';
import type { Receipt } from '../../base/money/receipt.js';
import type { Outcome } from '../outcome.js';
import type { KeptAnswer } from './idempotency-store.js';
import type { OnceKey } from './once-key.js';
import type { LiveAnswer, RunningAnswer, RunningAnswers } from './running-answers.js';

/** Longer answers are shown, but not kept. */
const MAX_CHARACTERS = 16 * 1024 * 1024;

/** What a paid call needs in order to run once. */
export interface OnceCall extends OnceKey {
  /** For a call that goes on after its answer: the answer, which is kept together with its hold. */
  readonly accepted?: KeptAnswer;
  /** Called when the call has its hold, and so the record has been made. */
  begun?(responseId: string): void;
  /** The answer kept together with the settlement. Called again when the receipt turns out to be another one. */
  answer(receipt: Receipt | undefined): KeptAnswer | undefined;
}

/** Shows the outcomes of a call as its presenter does, and keeps what was shown. */
interface Recorder<Event> {
  /** @returns what the client gets now */
  show(item: Outcome<Event>): string;
  /** The call is over and settled; with a failure, its client gets that. */
  over(failure?: { readonly reason: unknown }): void;
}

/** Lets others find the answer while its call runs. */
abstract class Findable implements RunningAnswer {
  private responseId: string | undefined;
  private resolveEnded = (): void => undefined;
  readonly whenEnded = new Promise<void>((resolve) => (this.resolveEnded = resolve));

  protected constructor(private readonly answers: RunningAnswers) {}

  abstract live(): LiveAnswer | undefined;

  begun(responseId: string): void {
    this.responseId = responseId;
    this.answers.add(responseId, this);
  }

  over(_failure?: { readonly reason: unknown }): void {
    if (this.responseId !== undefined) this.answers.remove(this.responseId);
    this.resolveEnded();
  }
}

/** The frames of one stream. The last ones are made with the receipt, before the receipt is written. */
export class RecordedStream<Event extends ShownEvent>
  extends Findable
  implements OnceCall, Recorder<Event>, StreamPresenter<string>
{
  readonly key: string;
  readonly fingerprint: Buffer;
  readonly waitsForFrames: boolean;
  private readonly shown: string[] = [];
  private length = 0;
  private tail: string | undefined;
  private head: HeaderFields | undefined;
  private readonly followers = new Set<Subscriber<string>>();
  /** How the call ended; undefined while it runs. */
  private ended: { readonly failure: { readonly reason: unknown } | undefined } | undefined;

  constructor(
    once: OnceKey,
    private readonly presenter: StreamPresenter<Outcome<Event>>,
    answers: RunningAnswers,
  ) {
    super(answers);
    this.key = once.key;
    this.fingerprint = once.fingerprint;
    this.waitsForFrames = once.isPrepaid ?? false;
  }

  show(item: Outcome<Event>): string {
    if ('receipt' in item) return '';
    const frames = this.presenter.frames(item);
    this.length += frames.length;
    if (this.length > MAX_CHARACTERS) this.shown.length = 0;
    else if (frames !== '') this.shown.push(frames);
    this.tell(frames);
    return frames;
  }

  override over(failure?: { readonly reason: unknown }): void {
    super.over();
    this.ended = { failure };
    for (const follower of [...this.followers]) this.finish(follower, failure);
  }

  private finish(follower: Subscriber<string>, failure: { readonly reason: unknown } | undefined): void {
    if (failure) return follower.error(failure.reason);
    follower.next(this.end());
    follower.complete();
  }

  live(): LiveAnswer | undefined {
    if (this.length > MAX_CHARACTERS) return undefined;
    // The head is made when the first client gets it; before that, it may not know everything.
    return {
      kind: 'live',
      headers: () => this.head ?? this.presenter.headers(),
      frames: () => this.joined(),
    };
  }

  private joined(): Observable<string> {
    return new Observable((subscriber) => {
      subscriber.next(this.shown.join(''));
      // The call may have ended since the answer was found.
      if (this.ended) return this.finish(subscriber, this.ended.failure);
      this.followers.add(subscriber);
      return () => this.followers.delete(subscriber);
    });
  }

  private tell(frames: string): void {
    if (frames === '') return;
    for (const follower of this.followers) follower.next(frames);
  }

  answer(receipt: Receipt | undefined): KeptAnswer | undefined {
    this.presenter.frames({ receipt });
    this.tail = this.presenter.end();
    if (this.length + this.tail.length > MAX_CHARACTERS) return undefined;
    const content = this.shown.join('') + this.tail;
    return { kind: 'stream', status: 200, headers: this.headers(), content };
  }

  headers(): HeaderFields {
    this.head ??= this.presenter.headers();
    return this.head;
  }

  frames(text: string): string {
    return text;
  }

  /** Kept, since what follows may build on it; a wire's plain pings come from elsewhere. */
  readonly ping = (): string | undefined => {
    const frames = this.presenter.ping?.();
    if (frames === undefined) return undefined;
    if (this.length <= MAX_CHARACTERS) this.shown.push(frames);
    this.tell(frames);
    return frames;
  };

  failure(error: GatewayError): string {
    return this.presenter.failure(error);
  }

  end(): string {
    return this.tail ?? this.presenter.end();
  }
}

/** One whole answer. */
export class RecordedBody<Event extends ShownEvent>
  extends Findable
  implements OnceCall, Recorder<Event>, BodyPresenter<string>
{
  readonly key: string;
  readonly fingerprint: Buffer;
  private text: string | undefined;

  constructor(
    once: OnceKey,
    private readonly presenter: BodyPresenter<Outcome<Event>>,
    answers: RunningAnswers,
  ) {
    super(answers);
    this.key = once.key;
    this.fingerprint = once.fingerprint;
  }

  show(item: Outcome<Event>): string {
    if (!('receipt' in item)) this.presenter.add(item);
    return '';
  }

  live(): undefined {
    return undefined;
  }

  answer(receipt: Receipt | undefined): KeptAnswer | undefined {
    this.presenter.add({ receipt });
    this.text = this.presenter.body();
    if (this.text.length > MAX_CHARACTERS) return undefined;
    return { kind: 'whole', status: 200, headers: this.presenter.headers(), content: this.text };
  }

  add(): void {
    // Everything has been added to the presenter by `show`.
  }

  headers(): HeaderFields {
    return this.presenter.headers();
  }

  body(): string {
    return this.text ?? this.presenter.body();
  }
}

/**
 * To be subscribed to once. It goes on when its subscriber leaves: the call ends by itself, or with the process, and
 * the recorder has all of it.
 */
export function outliving<Event>(
  source: Observable<Outcome<Event>>,
  recorder: Recorder<Event>,
): Observable<string> {
  return new Observable((subscriber) => {
    source.subscribe({
      next: (item) => {
        if ('unsettled' in item) return subscriber.error(item.unsettled);
        try {
          subscriber.next(recorder.show(item));
        } catch (failure) {
          subscriber.error(failure);
        }
      },
      error: (failure: unknown) => {
        recorder.over({ reason: failure });
        subscriber.error(failure);
      },
      complete: () => {
        recorder.over();
        subscriber.complete();
      },
    });
  });
}
