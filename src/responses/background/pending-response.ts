import type { JsonObject } from '../../base/json.js';
import type { TextCall } from '../../generation/text-calls.js';
import type { CompactionPlan } from '../domain/compaction-plan.js';
import type { ResponseSettings } from '../domain/response.js';
import type { ToolIdentity } from '../domain/tool-identity.js';

/** What it takes to run a background response without the process that accepted it. Stored as JSON until its end. */
export interface PendingResponse {
  readonly chat: JsonObject;
  readonly tools: readonly (readonly [string, ToolIdentity])[];
  readonly settings: ResponseSettings;
  readonly stream: boolean;
  readonly outputCapTokens: number | undefined;
  readonly serviceTier: string | undefined;
  readonly webSearch: boolean;
  readonly chainId: number | undefined;
  readonly requestId: string;
  readonly createdSeconds: number;
  readonly compaction?: CompactionPlan | undefined;
}

interface RunParts extends Pick<PendingResponse, 'settings' | 'compaction'> {
  readonly tools: ReadonlyMap<string, ToolIdentity>;
}

export function pendingResponse(
  { request, origin, createdSeconds }: TextCall,
  { settings, tools, compaction }: RunParts,
): PendingResponse {
  const { chat, stream, outputCapTokens, serviceTier, webSearch } = request;
  return {
    chat,
    tools: [...tools],
    settings,
    stream,
    outputCapTokens,
    serviceTier,
    webSearch,
    chainId: origin.chainId,
    requestId: origin.requestId,
    createdSeconds,
    compaction,
  };
}
