import type { JsonObject } from '../../base/json.js';
import { readChat } from '../../text/chat-wire/read-chat.js';
import { writeChat } from '../../text/chat-wire/write-chat.js';
import type { Prompt } from '../../text/prompt.js';
import type { TextCall } from '../../providers/calls/text-calls.js';
import type { CompactionPlan } from '../domain/compaction-plan.js';
import type { ResponseSettings } from '../domain/response.js';
import type { ToolIdentity } from '../domain/tool-identity.js';

/** What another process needs to run a background response. Stored as JSON until the response ends. */
export interface PendingResponse {
  /** The prompt, on the chat wire. */
  readonly chat: JsonObject;
  readonly tools: readonly (readonly [string, ToolIdentity])[];
  readonly settings: ResponseSettings;
  readonly stream: boolean;
  readonly outputCapTokens: number | undefined;
  readonly chainId: number | undefined;
  readonly requestId: string;
  readonly createdSeconds: number;
  readonly compaction?: PendingCompaction | undefined;
}

interface PendingCompaction extends Omit<CompactionPlan, 'ask'> {
  readonly ask: JsonObject;
}

interface RunParts {
  readonly settings: ResponseSettings;
  readonly compaction?: CompactionPlan | undefined;
  readonly tools: ReadonlyMap<string, ToolIdentity>;
}

export function pendingResponse(
  { request, origin, createdSeconds }: TextCall,
  { settings, tools, compaction }: RunParts,
): PendingResponse {
  const { prompt, stream, outputCapTokens } = request;
  return {
    chat: writeChat(prompt),
    tools: [...tools],
    settings,
    stream,
    outputCapTokens,
    chainId: origin.chainId,
    requestId: origin.requestId,
    createdSeconds,
    compaction: compaction && { ...compaction, ask: writeChat(compaction.ask) },
  };
}

/** The prompts that the run sends to the model. */
export function pendingPrompts({ chat, compaction }: PendingResponse): {
  readonly prompt: Prompt;
  readonly compaction: CompactionPlan | undefined;
} {
  return {
    prompt: readChat(chat),
    compaction: compaction && { ...compaction, ask: readChat(compaction.ask) },
  };
}
