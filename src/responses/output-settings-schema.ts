import { anyObject, flag, oneOfObjects, oneOfText, shape, text, textOf } from '../base/shape/schema-parts.js';

/** Reasoning effort and answer format: of a request, and of an item that changes them. */
export const reasoningEffort = oneOfText('none', 'minimal', 'low', 'medium', 'high', 'xhigh', 'max');

export const textFormat = oneOfObjects(
  'type',
  shape('type', ['text', 'json_object'], {}),
  shape(
    'type',
    ['json_schema'],
    { name: textOf({ pattern: '^[a-zA-Z0-9_-]{1,64}$' }), schema: anyObject },
    { description: text, strict: flag },
  ),
);
