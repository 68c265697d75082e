import { describe, expect, it } from '@jest/globals';
import { Ajv2020 } from 'ajv/dist/2020.js';
import fc from 'fast-check';
import type { JsonObject, JsonValue } from '../../../src/base/json.js';
import { jsonSchemaInstance } from '../../../src/providers/sandbox/json-schema-instance.js';

const PATTERNS: Record<string, RegExp> = {
  'date-time': /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/,
  date: /^\d{4}-\d\d-\d\d$/,
  email: /^\S+@\S+\.\S+$/,
  uuid: /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/,
  uri: /^https:\/\/\S+$/,
  ipv4: /^\d+(\.\d+){3}$/,
};

/** Ajv takes only what is of Node's class for a pattern, which a literal in a test is not. */
const FORMATS = Object.fromEntries(
  Object.entries(PATTERNS).map(([name, pattern]) => [name, new RegExp(pattern)]),
);

function expectValid(schema: JsonValue): void {
  const ajv = new Ajv2020({ strict: false, formats: FORMATS });
  const validate = ajv.compile(schema as JsonObject);
  const instance = jsonSchemaInstance(schema);
  if (!validate(instance)) {
    throw new Error(`${JSON.stringify(instance)}: ${ajv.errorsText(validate.errors)}`);
  }
  expect(jsonSchemaInstance(schema)).toEqual(instance);
}

const schemas: readonly [string, JsonObject][] = [
  ['nothing', {}],
  ['an empty object', { type: 'object', properties: {}, additionalProperties: false }],
  [
    'a strict object',
    {
      type: 'object',
      properties: {
        city: { type: 'string', minLength: 3, maxLength: 5 },
        unit: { enum: ['c', 'f'] },
        days: { type: 'integer', minimum: 3, maximum: 7 },
        share: { type: 'number', exclusiveMinimum: 0, exclusiveMaximum: 0.5 },
        on: { type: 'boolean' },
        none: { type: 'null' },
        fixed: { const: { a: [1] } },
        maybe: { type: ['string', 'null'] },
        tags: { type: 'array', items: { type: 'string' }, minItems: 2, maxItems: 3 },
      },
      required: ['city', 'unit', 'days', 'share', 'on', 'none', 'fixed', 'maybe', 'tags'],
      additionalProperties: false,
    },
  ],
  [
    'required without a property',
    { type: 'object', required: ['a'], additionalProperties: { type: 'integer' } },
  ],
  ['unique items', { type: 'array', items: { type: 'integer' }, minItems: 5, uniqueItems: true }],
  [
    'unique words',
    { type: 'array', items: { type: 'string', maxLength: 3 }, minItems: 5, uniqueItems: true },
  ],
  ['unique choices', { type: 'array', items: { enum: [1, 2, 3] }, minItems: 3, uniqueItems: true }],
  ['a tuple', { type: 'array', prefixItems: [{ type: 'string' }, { type: 'integer' }], items: false }],
  ['no items', { type: 'array', maxItems: 0 }],
  ['negative numbers', { type: 'integer', maximum: -5 }],
  ['multiples', { type: 'integer', minimum: 10, multipleOf: 7 }],
  ['a narrow integer', { type: 'integer', exclusiveMinimum: 1, exclusiveMaximum: 3 }],
  ['a long string', { type: 'string', minLength: 50 }],
  ['an empty string', { type: 'string', maxLength: 0 }],
  ...Object.keys(PATTERNS).map((format): [string, JsonObject] => [format, { type: 'string', format }]),
  ['a pattern', { type: 'string', pattern: '^[A-Z]{3}-\\d{4}(foo|bar)?$' }],
  ['another pattern', { type: 'string', pattern: '^(?:a|b)+[^a-z]\\w*\\.x{2,3}$' }],
  ['anyOf', { anyOf: [{ type: 'integer' }, { type: 'null' }] }],
  [
    'oneOf beside properties',
    { type: 'object', required: ['k'], oneOf: [{ properties: { k: { const: 1 } } }] },
  ],
  [
    'allOf',
    {
      allOf: [
        { type: 'object', properties: { a: { type: 'string' } }, required: ['a'] },
        { properties: { b: { type: 'integer' } }, required: ['b'] },
      ],
    },
  ],
  [
    'references',
    {
      $defs: { 'a/b': { type: 'integer', minimum: 4 } },
      type: 'object',
      properties: { x: { $ref: '#/$defs/a~1b' } },
      required: ['x'],
    },
  ],
  [
    'a list that refers to itself',
    {
      $ref: '#/$defs/node',
      $defs: {
        node: {
          type: 'object',
          properties: {
            value: { type: 'string' },
            next: { anyOf: [{ $ref: '#/$defs/node' }, { type: 'null' }] },
          },
          required: ['value', 'next'],
          additionalProperties: false,
        },
      },
    },
  ],
  [
    'a tree that refers to itself',
    {
      type: 'object',
      properties: { children: { type: 'array', items: { $ref: '#' } } },
      required: ['children'],
    },
  ],
];

describe('a document made from a schema', () => {
  it.each(schemas)('validates: %s', (_name, schema) => {
    expectValid(schema);
  });

  it('validates for nested schemas of all kinds', () => {
    const { schema } = fc.letrec<{ schema: JsonObject }>((tie) => ({
      schema: fc.oneof(
        { maxDepth: 4, withCrossShrink: true },
        fc.record({ type: fc.constant('string'), minLength: fc.nat(20) }),
        fc.record({ type: fc.constant('integer'), minimum: fc.integer({ min: -99, max: 99 }) }),
        fc.record({ type: fc.constant('number'), maximum: fc.integer({ min: -99, max: 99 }) }),
        fc.record({
          enum: fc.uniqueArray(fc.jsonValue(), { minLength: 1, maxLength: 3 }),
        }),
        fc.record({ type: fc.constant('array'), items: tie('schema'), minItems: fc.nat(3) }),
        fc.record({ anyOf: fc.array(tie('schema'), { minLength: 1, maxLength: 3 }) }),
        fc
          .dictionary(fc.string({ maxLength: 5 }), tie('schema'), { maxKeys: 3, noNullPrototype: true })
          .map((properties): JsonObject => ({
            type: 'object',
            properties,
            required: Object.keys(properties),
            additionalProperties: false,
          })),
      ),
    }));
    fc.assert(fc.property(schema, expectValid), { numRuns: 60 });
  });

  it('is made in bounds for schemas that explode or have no end', () => {
    const branching = Object.fromEntries(
      Array.from({ length: 12 }, (_, index) => [
        `d${index}`,
        {
          type: 'object',
          properties: Object.fromEntries(
            Array.from({ length: 12 }, (_unused, other) => [`p${other}`, { $ref: `#/$defs/d${other}` }]),
          ),
        },
      ]),
    );
    const startMs = performance.now();
    expect(jsonSchemaInstance({ $ref: '#/$defs/d0', $defs: branching })).toBeInstanceOf(Object);
    expect(jsonSchemaInstance({ type: 'object', properties: { a: { $ref: '#' } }, required: ['a'] })).toEqual(
      {},
    );
    expect(performance.now() - startMs).toBeLessThan(10_000);
  });

  const many = (items: JsonObject): JsonObject => ({ type: 'array', minItems: 100, items });
  const repeated = (depth: number): string => (depth === 0 ? 'a' : `(${repeated(depth - 1)}){64}`);
  const names = Array.from({ length: 2_000 }, (_, index) => `name ${index}`);

  it.each([
    ['long strings', many(many({ type: 'string', minLength: 65_536 }))],
    ['long constants', many(many({ const: 'x'.repeat(100_000) }))],
    ['long choices', many(many({ enum: [{ deep: 'x'.repeat(100_000) }] }))],
    ['long names', many(many({ required: ['x'.repeat(100_000)] }))],
    ['repetitions of repetitions', many({ type: 'string', pattern: repeated(6) })],
    ['many names', many(many({ properties: Object.fromEntries(names.map((name) => [name, {}])) }))],
    ['many conditions', many(many({ allOf: names.map((name) => ({ [name]: 1 })) }))],
  ])('is not long, whatever is asked for often: %s', (_name, schema) => {
    expect(JSON.stringify(jsonSchemaInstance(schema)).length).toBeLessThan(6_000_000);
  });

  it.each([null, true, 'text', [], { type: 'nonsense' }, { $ref: 'https://elsewhere.test' }, { enum: [] }])(
    'is made even for %j',
    (schema) => {
      expect(() => jsonSchemaInstance(schema)).not.toThrow();
    },
  );
});
