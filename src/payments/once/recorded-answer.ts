import { Observable } from 'rxjs';
import type { GatewayError } from '../../base/errors/gateway-error.js';
import type { BodyPresenter, HeaderFields, StreamPresenter } from '../../streaming/presenter.js';
import type { ShownEvent } from '../compose-headers.js';
import type { Receipt } from '../../base/money/receipt.js';
import type { Outcome } from '../outcome.js';
import type { KeptAnswer } from './idempotency-store.js';
import type { OnceKey } from './once-key.js';

/** Longer answers are shown, but not kept. */
const MAX_CHARACTERS = 16 * 1024 * 1024;

/** What a paid call needs in order to run once. */
export interface OnceCall extends OnceKey {
  /** For a call that goes on after its answer: the answer, which is kept together with its hold. */
  readonly accepted?: KeptAnswer;
  /** The answer kept together with the settlement. Called again when the receipt turns out to be another one. */
  answer(receipt: Receipt | undefined): KeptAnswer | undefined;
}

/** Shows the outcomes of a call as its presenter does, and keeps what was shown. */
interface Recorder<Event> {
  /** @returns what the client gets now */
  show(item: Outcome<Event>): string;
}

/** The frames of one stream. The last ones are made with the receipt, before the receipt is written. */
export class RecordedStream<Event extends ShownEvent>
  implements OnceCall, Recorder<Event>, StreamPresenter<string>
{
  readonly key: string;
  readonly fingerprint: Buffer;
  readonly waitsForFrames: boolean;
  private readonly shown: string[] = [];
  private length = 0;
  private tail: string | undefined;
  private head: HeaderFields | undefined;

  constructor(
    once: OnceKey,
    private readonly presenter: StreamPresenter<Outcome<Event>>,
  ) {
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
    return frames;
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
    if (frames !== undefined && this.length <= MAX_CHARACTERS) this.shown.push(frames);
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
  implements OnceCall, Recorder<Event>, BodyPresenter<string>
{
  readonly key: string;
  readonly fingerprint: Buffer;
  private text: string | undefined;

  constructor(
    once: OnceKey,
    private readonly presenter: BodyPresenter<Outcome<Event>>,
  ) {
    this.key = once.key;
    this.fingerprint = once.fingerprint;
  }

  show(item: Outcome<Event>): string {
    if (!('receipt' in item)) this.presenter.add(item);
    return '';
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
      error: (failure: unknown) => subscriber.error(failure),
      complete: () => subscriber.complete(),
    });
  });
}
