import type { Usage } from './usage.js';

export interface Measurement {
  readonly usage: Usage;
  /** Of what the price counts instead of tokens, such as seconds, as far as that is known. */
  readonly quantity?: number | undefined;
  /** Of each request to the model, where there was more than one: a long context is dearer for its request alone. */
  readonly requests?: readonly Usage[];
  /** The upstream gave no count; this one was made here. */
  readonly estimated: boolean;
}

/** Watches one call and knows what it has used. */
export interface Meter {
  /** Whether anything was sent upstream. */
  readonly sent: boolean;
  /** Whether the upstream has produced anything. */
  readonly produced: boolean;
  /** The configured provider that answered; undefined before one did. */
  readonly provider: string | undefined;
  /** Cheap running figures for the crash record. */
  progress(): { readonly inputTokens: number; readonly outputTokens: number };
  /** The final figures; asked for once, when the call has ended. */
  measure(): Promise<Measurement>;
}
