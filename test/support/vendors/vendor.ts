import type { JsonObject } from '../../../src/base/json.js';
import type { Exchange, Handler } from '../scripted-upstream.js';

/** What a vendor was told to do next, by the last `do:…` of a request. */
const TOLD = /do:(two|one|say|think)\b/g;

/** A call of the function `look`, whose argument `at` no other call of any vendor has. */
export interface MadeCall {
  readonly id: string;
  readonly name: string;
  readonly at: string;
}

/** An answer: calls, a text or nothing, after a thought that is signed. */
export interface Made {
  readonly calls: readonly MadeCall[];
  readonly text: string;
  readonly thought: string;
  readonly signature: string;
}

/**
 * A scripted service that is as strict as the real one is documented, or reported, to be. It knows what it has said
 * itself: what it signed must come back with its own calls, and nothing that anybody else signed may come at all.
 */
export abstract class Vendor {
  /** What was refused, and why. */
  readonly refusals: string[] = [];
  /** The bodies that it was asked with. */
  readonly bodies: string[] = [];
  /** Thoughts by the signatures that hold. */
  protected readonly thoughts = new Map<string, string>();
  private readonly made = new Map<string, Made>();

  constructor(readonly name: string) {}

  /** Of the provider in a gateway file, but for its id and address. */
  abstract readonly provider: JsonObject;
  abstract readonly upstreamModel: string;

  readonly handle: Handler = (exchange) => {
    const { request } = exchange;
    this.bodies.push(request.text);
    const problem = this.problemOf(exchange);
    if (problem !== undefined) {
      this.refusals.push(`${problem}\n${request.text}`);
      return this.refuse(problem, exchange);
    }
    return this.say(this.make(request.text.match(TOLD)?.at(-1) ?? 'do:say', request.body), exchange);
  };

  /** From now on, nothing that it signed before holds. */
  forgetSignatures(): void {
    this.thoughts.clear();
  }

  protected abstract problemOf(exchange: Exchange): string | undefined;
  protected abstract refuse(problem: string, exchange: Exchange): void;
  protected abstract say(made: Made, exchange: Exchange): void;
  /** As the service makes them. */
  protected abstract idOf(number: number): string;

  /** Whether it signs what it says to this request. */
  protected signs(_body: JsonObject): boolean {
    return true;
  }

  /** What it said with the call that has this argument, if the call is its own and its signature still holds. */
  protected ownAnswer(at: unknown): Made | undefined {
    const made = typeof at === 'string' ? this.made.get(at) : undefined;
    return made && this.thoughts.has(made.signature) ? made : undefined;
  }

  private make(told: string, body: JsonObject): Made {
    const asked = this.bodies.length;
    const count = told === 'do:two' ? 2 : told === 'do:one' ? 1 : 0;
    const calls = Array.from({ length: count }, (_, index) => ({
      id: this.idOf(asked * 2 + index),
      name: index === 0 ? 'look' : 'feel',
      at: `${this.name} ${asked}.${index}`,
    }));
    const thought = `${this.name} thinks ${asked}.`;
    // Base64, as all of them have it.
    const signature = Buffer.from(`signed by ${this.name} ${asked}`).toString('base64');
    const text = told === 'do:say' ? `${this.name} says ${asked}.` : '';
    const made = { calls, thought, signature, text };
    if (this.signs(body)) this.thoughts.set(signature, thought);
    for (const { at } of calls) this.made.set(at, made);
    return made;
  }
}
