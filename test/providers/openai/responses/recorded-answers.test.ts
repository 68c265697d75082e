import {
  readingOf,
  ResponsesTextProvider,
} from '../../../../src/providers/openai/responses/responses-text-provider.js';
import { describeRecorded } from '../../recorded-answers.js';
import { modelFor, requestFor, settingsFor } from '../../support.js';

describeRecorded('on the Responses wire', {
  folder: 'responses',
  connect: (baseUrl) => new ResponsesTextProvider(settingsFor(baseUrl, { wires: ['responses'] })),
  reading: readingOf(requestFor(modelFor([])), 'scripted', {}),
});
