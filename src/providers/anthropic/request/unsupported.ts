import type { JsonObject } from '../../../base/json.js';
import { isEmpty } from '../../../base/json-fields.js';
import type { Prompt, PromptMessage } from '../../../text/prompt.js';
import { silentPrompt } from '../../silent-prompt.js';
import { firstAsked, type Unsupported } from '../../unsupported.js';
import { isBlank, isCarried } from './convert-content.js';

/**
 * What shapes the answer and has no place on the Messages wire, by its name on the chat wire. Values that ask for
 * nothing are none, and neither is anything of a client of the Messages wire.
 */
export function unsupportedIn(prompt: Prompt): Unsupported | undefined {
  const { choices, sampling, logprobs, webSearch, messagesCall, extra = {} } = prompt;
  if (messagesCall) return undefined;
  const found = firstAsked([
    ['n', choices > 1, 'The model gives one answer.'],
    ['logprobs', logprobs !== undefined, 'The model shows no probabilities.'],
    ['presence_penalty', (sampling.presencePenalty ?? 0) !== 0, 'The model takes no penalties.'],
    ['frequency_penalty', (sampling.frequencyPenalty ?? 0) !== 0, 'The model takes no penalties.'],
    ['seed', sampling.seed !== undefined, 'The model takes no seed.'],
    ['web_search_options', webSearch !== undefined, 'The model searches nothing here.'],
    ['logit_bias', !isEmpty(extra['logit_bias']), 'The model takes no bias of tokens.'],
    ['prediction', !isEmpty(extra['prediction']), 'The model takes no predicted answer.'],
    ['functions', !isEmpty(extra['functions']), 'Send `tools` instead.'],
  ]);
  const { messages } = prompt;
  return found ?? unsupportedPart(messages) ?? silentPrompt(messages, (text) => !isBlank(text));
}

function unsupportedPart(messages: readonly PromptMessage[]): Unsupported | undefined {
  for (const [index, { parts }] of messages.entries()) {
    for (const [position, part] of parts.entries()) {
      const param = `messages[${index}].content[${position}]`;
      if (part.type === 'audio') return { param, why: 'The model hears nothing.' };
      if (part.type === 'file' && !isCarried(part))
        return { param, why: 'The model reads PDF, text and images as files.' };
    }
  }
  return undefined;
}

/** Fields that only the other wire has, or that this dialect decides about; `pass_fields` does not apply to them. */
const OWN: ReadonlySet<string> = new Set([
  ...['model', 'max_tokens', 'system', 'tools', 'tool_choice', 'messages', 'thinking', 'output_config'],
  ...['temperature', 'top_p', 'stop_sequences', 'metadata', 'service_tier', 'stream'],
  ...['logit_bias', 'prediction', 'functions', 'function_call', 'modalities', 'audio', '__proto__'],
]);

/** The client's further fields that the operator lets through. */
export function passedFields({ extra = {} }: Prompt, passFields: readonly string[]): JsonObject {
  const names = passFields.filter((name) => !OWN.has(name) && Object.hasOwn(extra, name));
  return Object.fromEntries(names.map((name) => [name, extra[name]]));
}
