/** The tool of a client that stands behind a function name on the chat wire. */
export type ToolIdentity =
  | { readonly type: 'custom'; readonly name: string }
  | { readonly type: 'function'; readonly name: string; readonly namespace?: string };
