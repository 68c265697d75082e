import { OpenAiTextProvider } from '../../../src/providers/openai/openai-text-provider.js';
import { readingOf } from '../../../src/providers/openai/reading.js';
import { describeRecorded } from '../recorded-answers.js';
import { settingsFor } from '../support.js';

describeRecorded('of an upstream', {
  folder: '',
  connect: (baseUrl) => new OpenAiTextProvider(settingsFor(baseUrl)),
  reading: readingOf({}),
});
