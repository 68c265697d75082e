/** Terminals and npm may deliver one Ctrl-C twice, so only a later one means "hurry". */
const SECOND_SIGNAL_AFTER_MS = 1_000;

/** What tells this process to end: once, and then again to hurry. */
export class EndSignals {
  readonly first: Promise<void>;
  private readonly hurry = new AbortController();
  private readonly listeners: (() => void)[] = [];
  private firstAt: number | undefined;
  private resolve: () => void = () => undefined;

  constructor() {
    this.first = new Promise((resolve) => (this.resolve = resolve));
  }

  get heard(): boolean {
    return this.firstAt !== undefined;
  }

  /** Aborts at the second one. */
  get second(): AbortSignal {
    return this.hurry.signal;
  }

  /** Also hears of repetitions that mean nothing here. */
  onEach(listener: () => void): void {
    this.listeners.push(listener);
  }

  readonly hear = (): void => {
    if (this.firstAt !== undefined && performance.now() - this.firstAt > SECOND_SIGNAL_AFTER_MS)
      this.hurry.abort();
    this.firstAt ??= performance.now();
    this.resolve();
    for (const listener of this.listeners) listener();
  };
}

/** To be called at the very start, so that a signal during it also ends the process in order. */
export function listenForSignals(): EndSignals {
  const signals = new EndSignals();
  process.on('SIGTERM', signals.hear);
  process.on('SIGINT', signals.hear);
  return signals;
}
