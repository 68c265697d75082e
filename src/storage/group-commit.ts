/** A set-based statement: answers in the order of its inputs. */
export type BatchStatement<Input, Output> = (
  inputs: readonly Input[],
  options: { readonly retry: boolean },
) => Promise<readonly Output[]>;

interface Waiting<Input, Output> {
  readonly input: Input;
  readonly resolve: (output: Output) => void;
  readonly reject: (failure: unknown) => void;
}

/**
 * Calls that reach the database in the same moment travel together: while one statement is under way the next calls
 * gather, and then go as one. With nobody else waiting a call goes at once, alone. A batch that fails is run again
 * one by one, so that one bad row fails only its own call.
 */
export class GroupCommit<Input, Output> {
  private waiting: Waiting<Input, Output>[] = [];
  private underWay = false;

  constructor(
    private readonly statement: BatchStatement<Input, Output>,
    private readonly bounds: { readonly rows: number; readonly bytes: number; readonly waiting: number },
    /** Bytes, roughly, that an input adds to its statement beyond a row of fixed size. */
    private readonly weigh: (input: Input) => number = () => 0,
  ) {}

  /** @throws Error when more calls are waiting than the bound allows. */
  run(input: Input): Promise<Output> {
    if (this.waiting.length >= this.bounds.waiting) {
      return Promise.reject(new Error('too many calls are waiting for the database'));
    }
    return new Promise((resolve, reject) => {
      this.waiting.push({ input, resolve, reject });
      if (!this.underWay) void this.drain();
    });
  }

  private async drain(): Promise<void> {
    this.underWay = true;
    while (this.waiting.length > 0) await this.send(this.waiting.splice(0, this.batchSize()));
    this.underWay = false;
  }

  /** As many as fit; at least one, however much it weighs. */
  private batchSize(): number {
    let bytes = 0;
    for (const [index, { input }] of this.waiting.entries()) {
      bytes += this.weigh(input);
      if (index === this.bounds.rows || (index > 0 && bytes > this.bounds.bytes)) return index;
    }
    return this.waiting.length;
  }

  private async send(batch: readonly Waiting<Input, Output>[]): Promise<void> {
    try {
      deliver(
        batch,
        await this.statement(
          batch.map(({ input }) => input),
          { retry: false },
        ),
      );
    } catch (failure) {
      if (batch.length === 1) batch[0]?.reject(failure);
      else await Promise.all(batch.map((call) => this.sendAlone(call)));
    }
  }

  private async sendAlone(call: Waiting<Input, Output>): Promise<void> {
    try {
      deliver([call], await this.statement([call.input], { retry: true }));
    } catch (failure) {
      call.reject(failure);
    }
  }
}

function deliver<Input, Output>(batch: readonly Waiting<Input, Output>[], outputs: readonly Output[]): void {
  batch.forEach(({ resolve, reject }, index) => {
    const output = outputs[index];
    if (output === undefined) reject(new Error('the statement gave no answer for this call'));
    else resolve(output);
  });
}
