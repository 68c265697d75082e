import type { IncomingHttpHeaders } from 'node:http';
import { AGENT_ID, type AgentSession } from '../base/money/agent-session.js';

/** Claude Code's, Codex's, and what earlier builds of Codex called it. */
const SESSION_HEADERS = ['x-claude-code-session-id', 'session-id', 'session_id'] as const;
const AGENT_HEADER = 'x-claude-code-agent-id';
const PARENT_HEADER = 'x-claude-code-parent-agent-id';

/** @returns undefined where no header names anything. What is too long or has other characters is not there. */
export function agentSessionOf(headers: IncomingHttpHeaders): AgentSession | undefined {
  const sessionId = SESSION_HEADERS.map((name) => idIn(headers, name)).find((id) => id !== undefined);
  const id = idIn(headers, AGENT_HEADER);
  const parentId = idIn(headers, PARENT_HEADER);
  if (sessionId === undefined && id === undefined && parentId === undefined) return undefined;
  return { sessionId, id, parentId };
}

function idIn(headers: IncomingHttpHeaders, name: string): string | undefined {
  const value = headers[name];
  return typeof value === 'string' && AGENT_ID.test(value) ? value : undefined;
}
