/** 1 to 128 characters that need no quotes anywhere, as those of a UUID. */
export const AGENT_ID = /^[A-Za-z0-9_.:@/+=-]{1,128}$/;

/** Which agent asks, as its client names it; each is an `AGENT_ID`. */
export interface AgentSession {
  readonly sessionId?: string | undefined;
  /** Of a subagent; the main conversation has none. */
  readonly id?: string | undefined;
  /** The subagent that started this one. */
  readonly parentId?: string | undefined;
}
