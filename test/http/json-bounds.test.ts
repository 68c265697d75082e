import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { parseChatRequest } from '../../src/chat/chat-request.js';
import { Gathering } from '../../src/base/gathering.js';
import { MAX_JSON_NAMES, MAX_JSON_VALUES, measureJson } from '../../src/http/json-bounds.js';
import { parseJsonBody } from '../../src/http/parse-json-body.js';
import { canonicalJson } from '../../src/base/money/canonical-json.js';
import { onceKeyOf } from '../../src/payments/once/once-key.js';
import { measureInput } from '../../src/text/counting/input-size.js';
import { chatPrompt } from '../support/chat-prompt.js';
import { growth } from '../support/growth.js';

const list = (count: number, item: (index: number) => string): string =>
  Array.from({ length: count }, (_, index) => item(index)).join(',');
const chat = (more: string, content = 'x'): Buffer =>
  Buffer.from(`{"model":"m","messages":[{"role":"user","content":"${content}"}]${more}}`);

/** Everything that a walk over a body may do before a call is held for. */
function checkAll(bytes: Buffer): void {
  const body = parseJsonBody(bytes);
  measureInput(chatPrompt(parseChatRequest(body).body));
  onceKeyOf({ headers: { 'idempotency-key': 'x' }, method: 'POST', url: '/' }, body);
}

function valuesIn(value: unknown): number {
  return typeof value === 'object' && value !== null
    ? Object.values(value).reduce<number>((sum, item) => sum + valuesIn(item), 1)
    : 1;
}

function depthOf(value: unknown): number {
  return typeof value === 'object' && value !== null
    ? Object.values(value).reduce<number>((deepest, item) => Math.max(deepest, 1 + depthOf(item)), 1)
    : 0;
}

describe('what a JSON text is found to hold', () => {
  it('is what is in it, whatever stands in its strings', () => {
    fc.assert(
      fc.property(fc.json({ maxDepth: 6 }), fc.boolean(), (text, spaced) => {
        const value = JSON.parse(text) as unknown;
        const bytes = Buffer.from(spaced ? JSON.stringify(value, null, 3) : JSON.stringify(value));
        const { values, excess } = measureJson(bytes);
        expect(excess).toBeUndefined();
        expect(values).toBeGreaterThanOrEqual(valuesIn(value));
        // Only what is empty counts twice.
        expect(values).toBeLessThan(2 * valuesIn(value) + 1);
      }),
    );
  });

  it.each([1, 2, 63, 64, 65, 66, 127, 128, 129, 1_000])(
    'does not depend on where a quote or a backslash falls: after %d characters',
    (length) => {
      for (const odd of ['\\', '"', '[', '\\"', '\\\\', '",['])
        expect(measureJson(Buffer.from(JSON.stringify({ a: ['x'.repeat(length) + odd, 1] }))).values).toBe(4);
    },
  );

  it('counts levels exactly', () => {
    fc.assert(
      fc.property(fc.json({ maxDepth: 8 }), fc.integer({ min: 0, max: 128 }), (text, around) => {
        const nested = `${'['.repeat(around)}${text}${']'.repeat(around)}`;
        const isDeep = around + depthOf(JSON.parse(text)) > 128;
        expect(measureJson(Buffer.from(nested)).excess).toBe(isDeep ? 'depth' : undefined);
      }),
    );
  });
});

describe('a body is refused before it is parsed', () => {
  it.each<[string, Buffer, string]>([
    ['names of one object', chat(`,${list(1.1 * MAX_JSON_NAMES, (i) => `"k${i}":1`)}`), 'different names'],
    [
      'names of many',
      chat(`,"x":[${list(1.1 * MAX_JSON_NAMES, (i) => `{"k${i}" : 1}`)}]`),
      'different names',
    ],
    ['empty objects', chat(`,"x":[${list(10_000_000, () => '{}')}]`), 'too many values'],
    ['numbers', chat(`,"x":[${list(MAX_JSON_VALUES, () => '1')}]`), 'too many values'],
  ])('with too many %s', (_name, bytes, words) => {
    expect(() => parseJsonBody(bytes)).toThrow(words);
  });

  it('but not what real clients send', () => {
    const part = (i: number): string => `{"type":"text","text":"piece ${i}"}`;
    const messages = list(10_000, (i) => `{"role":"user","content":[${part(i)},${part(i + 1)}],"name":"n"}`);
    const tools = list(200, (i) => {
      const properties = list(100, (j) => `"p${i}_${j}":{"type":"string","description":"d"}`);
      return `{"type":"function","function":{"name":"t${i}","parameters":{"type":"object","properties":{${properties}}}}}`;
    });
    const bytes = Buffer.from(`{"model":"m","messages":[${messages}],"tools":[${tools}]}`);
    expect(parseChatRequest(parseJsonBody(bytes)).model).toBe('m');
    const image = 'A'.repeat(30_000_000);
    const part2 = `{"type":"image_url","image_url":{"url":"data:image/png;base64,${image}"}}`;
    expect(() =>
      checkAll(Buffer.from(`{"model":"m","messages":[{"role":"user","content":[${part2}]}]}`)),
    ).not.toThrow();
  });
});

/** Bodies of about so many pieces, which pass. */
const SHAPES: readonly (readonly [string, (pieces: number) => Buffer])[] = [
  ['different names', (n) => chat(`,${list(n, (i) => `"k${i}":1`)}`)],
  ['names that are null', (n) => chat(`,${list(n, (i) => `"k${i}":null`)}`)],
  ['names that are numbers', (n) => chat(`,${list(n, (i) => `"${i * 1000}":1`)}`)],
  ['objects with one null each', (n) => chat(`,"x":[${list(n, () => '{"a":null,"b":1}')}]`)],
  ['empty objects', (n) => chat(`,"x":[${list(n, () => '{}')}]`)],
  ['texts with escapes', (n) => chat('', '\\"\\\\'.repeat(20 * n))],
  ['backslashes', (n) => chat('', '\\\\'.repeat(20 * n))],
  ['long text, nested', (n) => chat(`,"x":${'['.repeat(100)}"${'x'.repeat(100 * n)}"${']'.repeat(100)}`)],
];

describe('the work for a body grows as its size does', () => {
  it.each(SHAPES)('%s', (_name, bytesOf) => {
    const [small, large] = [bytesOf(2_500), bytesOf(40_000)];
    checkAll(small);
    // Sixteen times the size; a walk that is quadratic takes 256 times as long.
    const bound = 80;
    const ratio = growth(
      () => checkAll(small),
      () => checkAll(large),
      bound,
    );
    expect(ratio).toBeLessThan(bound);
  });
});

describe('canonical JSON', () => {
  it('is the text of the sorted value', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        const text = canonicalJson(value);
        expect(JSON.parse(text)).toEqual(JSON.parse(JSON.stringify(value)));
        expect(canonicalJson(JSON.parse(text))).toBe(text);
      }),
    );
  });
});

describe('chunks of a body', () => {
  it('are put together, whatever their sizes', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 100_000 }), { maxLength: 20 }), (chunks) => {
        const gathering = new Gathering();
        for (const chunk of chunks) gathering.add(Buffer.from(chunk));
        expect(gathering.bytes().equals(Buffer.concat(chunks))).toBe(true);
      }),
      { numRuns: 30 },
    );
  });

  it('take memory by their bytes, not by their number', () => {
    const gathering = new Gathering();
    const before = process.memoryUsage();
    for (let index = 0; index < 1_000_000; index += 1) gathering.add(Buffer.of(1));
    const after = process.memoryUsage();
    expect(gathering.bytes().buffer.byteLength).toBeLessThanOrEqual(2_097_152);
    expect(after.external - before.external).toBeLessThan(50_000_000);
  });
});
