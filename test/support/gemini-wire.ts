import type { JsonObject } from '../../src/base/json.js';
import { sse } from './chat-wire.js';
import type { Handler, ScriptedUpstream } from './scripted-upstream.js';

export const GEMINI_USAGE: JsonObject = {
  promptTokenCount: 100,
  cachedContentTokenCount: 40,
  candidatesTokenCount: 20,
  thoughtsTokenCount: 30,
  totalTokenCount: 150,
};

/** A GenerateContentResponse with one candidate. */
export function geminiFrame(parts: readonly JsonObject[], finishReason?: string): JsonObject {
  return {
    candidates: [
      {
        content: { role: 'model', parts },
        ...(finishReason !== undefined && { finishReason }),
        index: 0,
      },
    ],
    usageMetadata: GEMINI_USAGE,
    modelVersion: 'gemini-3.8-flash',
    responseId: 'upstream-response',
  };
}

/** Answers with these parts, each in a frame of its own or all at once, as the method asks. */
export function geminiSays(parts: readonly JsonObject[], finishReason = 'STOP'): Handler {
  return (exchange) => {
    if (!exchange.request.path.includes(':streamGenerateContent'))
      return exchange.json(geminiFrame(parts, finishReason));
    const frames = parts.map((part) => geminiFrame([part]));
    return exchange.end(sse(...frames, geminiFrame([], finishReason)));
  };
}

/** The `contents` of the request of this position; −1 is the last. */
export function contentsOf(upstream: ScriptedUpstream, position: number): readonly JsonObject[] {
  return upstream.requests.at(position)?.body['contents'] as readonly JsonObject[];
}
