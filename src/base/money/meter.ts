import type { Usage } from './usage.js';

export interface Measurement {
  readonly usage: Usage;
  /** Quantity of the unit that the price counts instead of tokens, such as seconds, if known. */
  readonly quantity?: number | undefined;
  /** Usage of each request to the model, if there were several: only a request whose own context is long is dearer. */
  readonly requests?: readonly Usage[];
  /** Whether the gateway counted, because the upstream gave no count. */
  readonly estimated: boolean;
}

/** Measures the usage of one call. */
export interface Meter {
  /** Whether anything was sent upstream. */
  readonly sent: boolean;
  /** Whether the upstream has produced anything. */
  readonly produced: boolean;
  /** The configured provider that answered; undefined until one has. */
  readonly provider: string | undefined;
  /** Running figures for the crash record, cheap to get. */
  progress(): { readonly inputTokens: number; readonly outputTokens: number };
  /** The final figures; called once, when the call has ended. */
  measure(): Promise<Measurement>;
}
