import { isEmpty } from '../../base/json-fields.js';
import type { Prompt } from '../../text/prompt.js';
import { silentPrompt } from '../silent-prompt.js';
import { firstAsked, type Unsupported } from '../unsupported.js';

/** `GenerationConfig.stopSequences`: https://ai.google.dev/api/generate-content#v1beta.GenerationConfig. */
const MAX_STOPS = 5;

/**
 * What shapes the answer and has no place on this wire, by its name on the chat wire. Hints without a place are left
 * out in silence.
 */
export function unsupportedIn({ messages, stop, extra = {} }: Prompt): Unsupported | undefined {
  const found = firstAsked([
    ['logit_bias', !isEmpty(extra['logit_bias']), 'Its provider cannot change the likelihood of tokens.'],
    ['prediction', !isEmpty(extra['prediction']), 'Its provider takes no predicted output.'],
    ['functions', !isEmpty(extra['functions']), 'Send the functions as `tools`.'],
    ['stop', stop.length > MAX_STOPS, `Its provider takes at most ${MAX_STOPS} sequences.`],
  ]);
  return found ?? silentPrompt(messages, (text) => text !== '');
}
