import { REASONING_EFFORTS, type ReasoningEffort, type TextModel } from '../catalog/model.js';
import type { JsonObject, JsonValue } from '../base/json.js';

/**
 * The body with an effort that the model takes: the strongest that is not above the one asked for, else the weakest.
 * An effort is a hint, so a model without any has the field left out.
 */
export function fitEffort(chat: JsonObject, { reasoningEfforts }: TextModel): JsonObject {
  const asked = strength(chat['reasoning_effort']);
  if (!reasoningEfforts || asked < 0) return chat;
  const { reasoning_effort: _asked, ...rest } = chat;
  const fitting = reasoningEfforts.findLast((effort) => strength(effort) <= asked) ?? reasoningEfforts[0];
  return fitting === undefined ? rest : { ...rest, reasoning_effort: fitting };
}

function strength(effort: JsonValue | undefined): number {
  return REASONING_EFFORTS.indexOf(effort as ReasoningEffort);
}
