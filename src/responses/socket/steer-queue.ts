import type { JsonObject, JsonValue } from '../../base/json.js';
import type { IntakeShare } from '../../http/intake.js';

/** What a client has said to a response, once it was accepted. */
export interface Steer {
  readonly id: string;
  /** The response that was spoken to. */
  readonly previousId: string;
  /** As it was sent. */
  readonly input: JsonValue;
  readonly items: readonly JsonObject[];
  readonly bytes: number;
  readonly share: IntakeShare;
}

/** What a client has said to one response, in its order, until a successor begins with it. */
export class SteerQueue {
  readonly steers: Steer[] = [];
  /** How many of them the client knows to be accepted. */
  acknowledged = 0;

  constructor(
    readonly responseId: string,
    /** The lane of the response; its successor has the same. */
    readonly streamId: string | undefined,
    private numbers: () => number,
  ) {}

  get items(): readonly JsonObject[] {
    return this.steers.flatMap(({ items }) => items);
  }

  get bytes(): number {
    return this.steers.reduce((sum, { bytes }) => sum + bytes, 0);
  }

  /** The next number among the events of the response. */
  takeNumber(): number {
    return this.numbers();
  }

  /** Lets go of the response, which has ended. */
  detach(): void {
    let next = this.numbers();
    const following = (): number => next++;
    this.numbers = following;
  }

  /** Gives back its share of the room for bodies. */
  release(): void {
    for (const { share } of this.steers) share.release();
  }
}
