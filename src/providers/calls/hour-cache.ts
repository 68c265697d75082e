import type { PricedOptions } from '../../base/money/tariff.js';
import { isJsonObject, type JsonObject, type JsonValue } from '../../base/json.js';
import type { TextModel } from '../../catalog/model.js';
import type { Prompt } from '../../text/prompt.js';
import { adaptersOf } from '../dialects.js';

/** What an hour in the prompt cache costs without a price of its own; undefined where no mark asks for an hour. */
export function hourCacheOf(prompt: Prompt, { targets }: TextModel): PricedOptions['hourCache'] {
  if (!asksForHour(prompt)) return undefined;
  const isDouble = targets.some(({ provider }) => adaptersOf(provider).text.doublesHourCache);
  return isDouble ? 'twice_input' : 'cache_write';
}

function asksForHour(prompt: Prompt): boolean {
  const { messages, tools, messagesCall } = prompt;
  if (messagesCall) return hasHourMark(messagesCall.body);
  return (
    marksHour(prompt) ||
    tools.some(marksHour) ||
    messages.some(
      (message) => marksHour(message) || message.parts.some((part) => 'extra' in part && marksHour(part)),
    )
  );
}

/** A body of the Messages wire has marks in many places. Its depth is bounded, see `measureJson`. */
function hasHourMark(value: JsonValue | undefined): boolean {
  if (Array.isArray(value)) return (value as readonly JsonValue[]).some(hasHourMark);
  return isJsonObject(value) && (marksHour({ extra: value }) || Object.values(value).some(hasHourMark));
}

function marksHour({ extra }: { readonly extra?: JsonObject | undefined }): boolean {
  const mark = extra?.['cache_control'];
  return isJsonObject(mark) && mark['ttl'] === '1h';
}
