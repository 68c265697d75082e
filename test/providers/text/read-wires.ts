import { readingOf as anthropicReading } from '../../../src/providers/anthropic/anthropic-text-provider.js';
import { readingOf as chatReading } from '../../../src/providers/openai/reading.js';
import { readingOf as responsesReading } from '../../../src/providers/openai/responses/responses-text-provider.js';
import type { AnswerReading } from '../../../src/providers/text/answer/answer-converter.js';
import type { DialectWire } from '../../support/dialect-wires.js';
import { readingFor } from '../google/gemini-fixture.js';
import { modelFor, requestFor } from '../support.js';

const REQUEST = requestFor(modelFor([]));

const READINGS: Readonly<Record<string, AnswerReading>> = {
  chat: chatReading({}),
  responses: responsesReading(REQUEST, 'scripted', {}),
  anthropic: anthropicReading(REQUEST, 'scripted', {}),
  gemini: readingFor(),
};

/** How answers over a wire are read. */
export function readingOver({ name }: DialectWire): AnswerReading {
  const reading = READINGS[name];
  if (!reading) throw new Error(`no wire ${name}`);
  return reading;
}
