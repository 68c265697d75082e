import type { Dialect } from '../dialect.js';
import { OPENAI } from '../openai/dialect.js';

/** Anthropic, through its endpoint for OpenAI's chat wire. */
export const ANTHROPIC: Dialect = {
  defaults: { baseUrl: 'https://api.anthropic.com/v1', profile: 'anthropic' },
  text: OPENAI.text,
};
