import { calling, output, USER } from '../../support/chat-turns.js';
import { describe, expect, it } from '@jest/globals';
import type { JsonObject } from '../../../src/base/json.js';
import { bodyOf } from './request-fixture.js';

const schema: JsonObject = { type: 'object', properties: { at: { type: 'integer' } } };
const look: JsonObject = { type: 'function', function: { name: 'look', parameters: schema } };
const wait: JsonObject = {
  type: 'function',
  function: { name: 'wait', description: 'Waits.', strict: true },
};
const type: JsonObject = { type: 'custom', custom: { name: 'type', description: 'Types.' } };

describe('tools', () => {
  it('are declared with their schemas', () => {
    const grammar = { type: 'grammar', grammar: { syntax: 'regex', definition: '[a-z]+' } };
    const word = { type: 'custom', custom: { name: 'word', format: grammar } };
    expect(bodyOf({ tools: [look, wait, type, word] })['tools']).toEqual([
      { name: 'look', input_schema: schema },
      { name: 'wait', description: 'Waits.', input_schema: { type: 'object' }, strict: true },
      {
        name: 'type',
        description: 'Types.',
        input_schema: { type: 'object', properties: { input: { type: 'string' } }, required: ['input'] },
      },
      expect.objectContaining({
        name: 'word',
        description: 'The input must match this regex grammar:\n[a-z]+',
      }),
    ]);
  });

  it('have schemas that the service can enforce where it is to enforce them', () => {
    const parameters = {
      type: 'object',
      description: 'Where.',
      properties: {
        at: { type: 'string', minLength: 2, format: 'uri', pattern: '^h', description: 'Place' },
        size: { oneOf: [{ type: 'integer', minimum: 1 }, { type: 'null' }] },
        list: { type: 'array', minItems: 1, maxItems: 3, items: { $ref: '#/$defs/one' } },
        open: { type: 'object', additionalProperties: { type: 'string' } },
      },
      $defs: { one: { type: 'object', properties: { minLength: { const: 5 } }, required: ['minLength'] } },
      required: ['at'],
    };
    const named = (strict: boolean): JsonObject => ({
      type: 'function',
      function: { name: 'look', strict, parameters },
    });
    const [strict, loose] = [true, false].map((is) => {
      const [tool] = bodyOf({ tools: [named(is)] })['tools'] as JsonObject[];
      return tool?.['input_schema'];
    });
    expect(loose).toEqual(parameters);
    expect(strict).toEqual({
      type: 'object',
      description: 'Where.',
      properties: {
        at: { type: 'string', format: 'uri', description: 'Place (minLength: 2, pattern: "^h")' },
        size: { anyOf: [{ type: 'integer', description: '(minimum: 1)' }, { type: 'null' }] },
        list: { type: 'array', minItems: 1, description: '(maxItems: 3)', items: { $ref: '#/$defs/one' } },
        open: { type: 'object', additionalProperties: { type: 'string' } },
      },
      $defs: {
        one: {
          type: 'object',
          properties: { minLength: { const: 5 } },
          required: ['minLength'],
          additionalProperties: false,
        },
      },
      required: ['at'],
      additionalProperties: false,
    });
    const format = { type: 'json_schema', json_schema: { name: 'a', schema: parameters } };
    expect(bodyOf({ response_format: format })['output_config']).toEqual({
      format: { type: 'json_schema', schema: strict },
    });
  });

  it.each<[JsonObject, unknown]>([
    [{}, undefined],
    [{ tool_choice: 'auto' }, { type: 'auto' }],
    [{ tool_choice: 'required' }, { type: 'any' }],
    [{ tool_choice: 'none' }, { type: 'none' }],
    [{ tool_choice: { type: 'function', function: { name: 'look' } } }, { type: 'tool', name: 'look' }],
    [{ tool_choice: { type: 'custom', custom: { name: 'type' } } }, { type: 'tool', name: 'type' }],
    [{ parallel_tool_calls: true }, undefined],
    [{ parallel_tool_calls: false }, { type: 'auto', disable_parallel_tool_use: true }],
    [
      { parallel_tool_calls: false, tool_choice: 'required' },
      { type: 'any', disable_parallel_tool_use: true },
    ],
    [{ parallel_tool_calls: false, tool_choice: 'none' }, { type: 'none' }],
  ])('are chosen by %j', (chat, choice) => {
    expect(bodyOf({ tools: [look, type], ...chat })['tool_choice']).toEqual(choice);
  });

  it('that are not allowed are not shown', () => {
    const allowed = { mode: 'required', tools: [{ type: 'function', function: { name: 'wait' } }] };
    const body = bodyOf({
      tools: [look, wait],
      tool_choice: { type: 'allowed_tools', allowed_tools: allowed },
    });
    expect(body['tools']).toEqual([expect.objectContaining({ name: 'wait' })]);
    expect(body['tool_choice']).toEqual({ type: 'any' });
  });

  it('are left out with all about them where there are none', () => {
    const body = bodyOf({ tools: [], tool_choice: 'auto', parallel_tool_calls: false });
    expect(Object.keys(body).sort()).toEqual(['max_tokens', 'messages', 'model']);
  });

  it('that were called are declared, since the wire asks for that, and cannot be called', () => {
    const body = bodyOf({ messages: [USER, calling('a'), output('a')] });
    expect(body['tools']).toEqual([{ name: 'look', input_schema: { type: 'object' } }]);
    expect(body['tool_choice']).toEqual({ type: 'none' });
  });

  it('are without what a service was found not to take', () => {
    const omitFields = ['tools.strict', 'tool_choice.disable_parallel_tool_use'];
    const body = bodyOf({ tools: [wait], parallel_tool_calls: false }, { omitFields });
    expect(JSON.stringify(body)).not.toMatch(/strict|parallel|tool_choice/);
  });
});
