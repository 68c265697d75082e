import { integer, object, oneOfText, type Schema, text, textOf } from '../base/shape/schema-parts.js';

/** As many as OpenAI takes in one request. */
export const MAX_INPUTS = 2_048;
/** Of one embedding: more than any known model makes. */
const MAX_DIMENSIONS = 65_536;
const MAX_TOKEN_ID = 2_147_483_647;

/** A text, texts, the ids of the tokens of a text, or lists of them; that all are of one kind is checked later. */
const input: Schema = {
  type: ['string', 'array'],
  minLength: 1,
  minItems: 1,
  items: {
    type: ['string', 'integer', 'array'],
    minLength: 1,
    minItems: 1,
    minimum: 0,
    maximum: MAX_TOKEN_ID,
    items: integer(0, MAX_TOKEN_ID),
  },
};

/** A body for embeddings: types and bounds of every known field; unknown fields pass. */
export const embeddingsRequestSchema: Schema = object(
  { model: textOf({ minLength: 1, maxLength: 512 }), input },
  {
    encoding_format: oneOfText('float', 'base64'),
    dimensions: integer(1, MAX_DIMENSIONS),
    user: text,
  },
);
