import { isEmpty } from '../../../../base/json-fields.js';
import type { Prompt } from '../../../../text/prompt.js';
import { firstAsked, type Unsupported } from '../../../unsupported.js';

/**
 * What shapes the answer and has no place on the Responses wire, by its name on the chat wire. Values that ask for
 * nothing are none.
 */
export function unsupportedIn({ choices, stop, sampling, extra = {} }: Prompt): Unsupported | undefined {
  const { presencePenalty = 0, frequencyPenalty = 0, seed } = sampling;
  return firstAsked([
    ['n', choices > 1, 'The model gives one answer.'],
    ['stop', stop.length > 0, 'The model takes no stop sequences.'],
    ['presence_penalty', presencePenalty !== 0, 'The model takes no penalties.'],
    ['frequency_penalty', frequencyPenalty !== 0, 'The model takes no penalties.'],
    ['seed', seed !== undefined, 'The model takes no seed.'],
    ['logit_bias', !isEmpty(extra['logit_bias']), 'The model takes no bias of tokens.'],
    ['prediction', !isEmpty(extra['prediction']), 'The model takes no predicted answer.'],
    ['functions', !isEmpty(extra['functions']), 'Send `tools` instead.'],
    ['audio', !isEmpty(extra['audio']), 'The model answers with text.'],
  ]);
}
