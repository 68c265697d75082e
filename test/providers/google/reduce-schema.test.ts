import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { JsonObject, JsonValue } from '../../../src/base/json.js';
import { isJsonObject } from '../../../src/base/json.js';
import { reduceSchema } from '../../../src/providers/google/reduce-schema.js';
import { growth } from '../../support/growth.js';

const KNOWN = new Set([
  ...['$id', '$defs', '$ref', '$anchor', 'type', 'format', 'title', 'description', 'enum', 'items'],
  ...['prefixItems', 'minItems', 'maxItems', 'minimum', 'maximum', 'anyOf', 'oneOf', 'properties'],
  ...['additionalProperties', 'required', 'propertyOrdering'],
]);

/** Every keyword of a schema and of the schemas in it. */
function keywordsOf(schema: JsonValue | undefined): readonly string[] {
  if (!isJsonObject(schema)) return [];
  return Object.entries(schema).flatMap(([keyword, value]) => {
    const below =
      keyword === 'properties' || keyword === '$defs'
        ? Object.values(value as JsonObject)
        : ['anyOf', 'oneOf', 'prefixItems'].includes(keyword)
          ? (value as JsonValue[])
          : ['items', 'additionalProperties'].includes(keyword)
            ? [value]
            : [];
    return [keyword, ...below.flatMap(keywordsOf)];
  });
}

describe('a schema', () => {
  it('keeps what the service reads', () => {
    const schema = {
      type: 'object',
      description: 'd',
      properties: {
        a: { type: ['string', 'null'], format: 'date' },
        b: { type: 'array', items: { enum: [1, 'x'] } },
      },
      required: ['a'],
      additionalProperties: false,
      $defs: { c: { anyOf: [{ type: 'number', minimum: 0 }, { $ref: '#/$defs/c' }] } },
    };
    expect(reduceSchema(schema)).toEqual(schema);
  });

  it.each<[string, JsonObject, JsonObject]>([
    ['says nothing of its language', { $schema: 'x', $comment: 'y', type: 'string' }, { type: 'string' }],
    [
      'loses what the service does not read',
      { type: 'string', pattern: 'a', minLength: 1, default: 'a', examples: ['a'], not: {}, 'x-y': 1 },
      { type: 'string' },
    ],
    ['has a constant as a choice of one', { const: 'a' }, { enum: ['a'] }],
    ['has no constant that is no word', { const: null }, {}],
    ['has choices of words alone', { enum: ['a', null] }, {}],
    ['has inclusive bounds', { exclusiveMinimum: 0, exclusiveMaximum: 9 }, { minimum: 0, maximum: 9 }],
    ['has its own bounds first', { exclusiveMinimum: 0, minimum: 1 }, { minimum: 1 }],
    [
      'has the newer name of definitions',
      { $ref: '#/definitions/a', definitions: { a: { type: 'string', pattern: 'x' } } },
      { $ref: '#/$defs/a', $defs: { a: { type: 'string' } } },
    ],
    [
      'has nothing beside a reference',
      { $ref: '#/$defs/a', description: 'd', type: 'string' },
      { $ref: '#/$defs/a' },
    ],
    [
      'joins the members of allOf',
      {
        description: 'mine',
        properties: { a: { type: 'string' } },
        required: ['a'],
        allOf: [
          { type: 'object', description: 'theirs', properties: { b: { type: 'number', multipleOf: 2 } } },
          { required: ['b', 'a'] },
        ],
      },
      {
        type: 'object',
        description: 'mine',
        properties: { b: { type: 'number' }, a: { type: 'string' } },
        required: ['b', 'a'],
      },
    ],
    [
      'may be a boolean inside',
      { items: true, properties: { a: false } },
      { items: true, properties: { a: false } },
    ],
    [
      'may be broken',
      { properties: [1], anyOf: 1, items: 3, enum: 'a' },
      { properties: {}, anyOf: [], items: {} },
    ],
  ])('%s', (_name, schema, reduced) => {
    expect(reduceSchema(schema)).toEqual(reduced);
  });

  it('has only keywords that the service reads, whatever it was, and stays as it then is', () => {
    const { schema } = fc.letrec<{ schema: JsonValue }>((tie) => ({
      schema: fc.oneof(
        { depthSize: 'small' },
        fc.constantFrom<JsonValue>(true, { type: 'string' }, 3, { const: 1 }),
        fc.dictionary(
          fc.constantFrom(...KNOWN, 'allOf', 'not', 'pattern', 'definitions', 'const', 'if', '__proto__'),
          fc.oneof(
            tie('schema'),
            fc.array(tie('schema'), { maxLength: 3 }),
            fc.dictionary(fc.string(), tie('schema')),
          ),
          { maxKeys: 5 },
        ),
      ),
    }));
    fc.assert(
      fc.property(schema, (value) => {
        if (!isJsonObject(value)) return;
        const reduced = reduceSchema(value);
        expect(keywordsOf(reduced).filter((keyword) => !KNOWN.has(keyword))).toEqual([]);
        expect(JSON.stringify(reduceSchema(reduced))).toBe(JSON.stringify(reduced));
      }),
    );
  });

  it('costs work in proportion to its size', () => {
    const many = (count: number): JsonObject => ({
      allOf: Array.from({ length: count }, (_, index) => ({
        properties: { [`p${index}`]: { type: 'string' } },
        required: [`p${index}`],
      })),
    });
    const [small, large] = [many(500), many(8_000)];
    const bound = 80;
    expect(
      growth(
        () => reduceSchema(small),
        () => reduceSchema(large),
        bound,
      ),
    ).toBeLessThan(bound);
  });
});
