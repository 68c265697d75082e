import {
  AnthropicTextProvider,
  readingOf,
} from '../../../src/providers/anthropic/anthropic-text-provider.js';
import { describeRecorded } from '../recorded-answers.js';
import { modelFor, requestFor, settingsFor } from '../support.js';

describeRecorded('on the Messages wire', {
  folder: 'messages',
  connect: (baseUrl) => new AnthropicTextProvider(settingsFor(baseUrl)),
  reading: readingOf(requestFor(modelFor([])), 'scripted', {}),
});
