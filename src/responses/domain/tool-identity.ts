import type { ClientToolType } from './client-tools.js';

export type ToolType = 'function' | 'custom' | ClientToolType;

/** The client's tool behind a function name on the chat wire. */
export interface ToolIdentity {
  readonly type: ToolType;
  /** For a client-run tool, its type. */
  readonly name: string;
  /** Only functions and custom tools can be in a namespace. */
  readonly namespace?: string;
}
