import { GoogleTextProvider } from '../../../src/providers/google/google-text-provider.js';
import { describeRecorded } from '../recorded-answers.js';
import { imageFetch, settingsFor } from '../support.js';
import { readingFor } from './gemini-fixture.js';

const SEARCHING = { web_search_options: {} };

describeRecorded('of the Gemini API', {
  folder: 'gemini',
  connect: (baseUrl) =>
    new GoogleTextProvider(settingsFor(new URL(baseUrl).origin, { type: 'google' }), imageFetch()),
  reading: readingFor(SEARCHING),
  asked: SEARCHING,
  refused: { temperature: 2 },
});
