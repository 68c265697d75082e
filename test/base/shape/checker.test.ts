import { afterEach, describe, expect, it, jest } from '@jest/globals';
import { Ajv } from 'ajv';
import { checkerOf, compileNextChecker, shared } from '../../../src/base/shape/checker.js';
import { chatRequestSchema, metadataSchema } from '../../../src/chat/chat-request-schema.js';
import { responsesRequestSchema } from '../../../src/responses/responses-request-schema.js';

const named = { type: 'object', required: ['name'], properties: { name: { type: 'string' } } };

function compileAll(): void {
  while (compileNextChecker());
}

describe('a checker', () => {
  afterEach(() => void jest.restoreAllMocks());

  it('compiles its schema for its first value, and once', () => {
    compileAll();
    const compile = jest.spyOn(Ajv.prototype, 'compile');
    const check = checkerOf(named);
    expect(compile).not.toHaveBeenCalled();
    check({ name: 'a' });
    expect(() => check({ name: 1 })).toThrow('name');
    expect(compile).toHaveBeenCalledTimes(1);
    expect(compileNextChecker()).toBe(false);
  });

  it('has compiled it before, where there was time to', () => {
    compileAll();
    const compile = jest.spyOn(Ajv.prototype, 'compile');
    const check = checkerOf(named);
    expect(compileNextChecker()).toBe(true);
    expect(compileNextChecker()).toBe(false);
    check({ name: 'a' });
    expect(compile).toHaveBeenCalledTimes(1);
  });

  it('says what is wrong with its schema for each value, and keeps no other from being compiled', () => {
    compileAll();
    const check = checkerOf({ type: 'nothing that JSON has' });
    const other = checkerOf(named);
    expect(compileNextChecker).toThrow('nothing that JSON has');
    expect(compileNextChecker()).toBe(true);
    other({ name: 'a' });
    for (let time = 0; time < 2; time += 1) expect(() => check({})).toThrow('nothing that JSON has');
  });

  it('names the field that is wrong inside of what several schemas share', () => {
    const owner = shared('owner_in_a_test', named);
    const one = checkerOf({ type: 'object', properties: { owner } });
    const many = checkerOf({ type: 'object', properties: { owners: { type: 'array', items: owner } } });
    one({ owner: { name: 'a' } });
    expect(() => one({ owner: { name: 1 } })).toThrow('`owner.name` must be a string');
    expect(() => many({ owners: [{ name: 'a' }, {}] })).toThrow(
      'Missing required parameter: `owners[1].name`',
    );
  });
});

describe('the schemas of requests', () => {
  it.each(Object.entries({ chatRequestSchema, metadataSchema, responsesRequestSchema }))(
    '%s is a valid JSON Schema, which compiling does not check',
    (_name, schema) => {
      const ajv = new Ajv({ discriminator: true });
      expect(ajv.validateSchema(schema)).toBe(true);
    },
  );
});
