import type { Dialect } from '../dialect.js';
import { OPENAI } from '../openai/dialect.js';
import { GoogleVideoProvider } from './google-video-provider.js';

/** The Gemini API: text through its endpoint for OpenAI's chat wire, videos through its own wire. */
export const GOOGLE: Dialect = {
  defaults: { baseUrl: 'https://generativelanguage.googleapis.com/v1beta/openai', profile: 'google' },
  text: OPENAI.text,
  video: {
    byWire: false,
    connect: (settings, elsewhere) => new GoogleVideoProvider(settings, elsewhere),
  },
};
