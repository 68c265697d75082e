import type { ClientToolType } from './client-tools.js';

export type ToolType = 'function' | 'custom' | ClientToolType;

/** The tool of a client that stands behind a function name on the chat wire. */
export interface ToolIdentity {
  readonly type: ToolType;
  /** Of a client-run tool its type. */
  readonly name: string;
  /** Functions and custom tools alone can be in one. */
  readonly namespace?: string;
}
