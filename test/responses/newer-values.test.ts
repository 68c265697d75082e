import { describe, expect, it } from '@jest/globals';
import type { JsonObject } from '../../src/base/json.js';
import { parseResponsesRequest } from '../../src/responses/responses-request.js';
import { request } from './request-bodies.js';

describe('a request for a Response', () => {
  it('has what is newer than the gateway as it came', () => {
    const tools = [
      { type: 'web_search_2026_09_01' },
      { type: 'namespace', name: 'n', tools: [{ type: 'new', a: 1 }] },
      { type: 'constructor' },
    ];
    const options = {
      background_options: { completion_window: '2h' },
      access_programs: ['x'],
      newest: { a: 1 },
    };
    const input = [
      { type: 'thought', status: 'odd', call_id: 5, content: ['a', { b: 1 }] },
      { type: '__proto__' },
    ];
    const include = ['thought.content'];
    const parsed = parseResponsesRequest({
      ...request({ tools, input, include, ...options }),
      safety_identifier: 'x'.repeat(128),
      tool_choice: { type: 'newest' },
      client_metadata: { a: 'b' },
      status: 'completed',
      output: [],
    });
    expect(parsed).toMatchObject({ input, include, settings: { tools, ...options } });
    const { client_metadata, status, output, ...settings } = { ...parsed.settings } as JsonObject;
    expect([client_metadata, status, output]).toEqual([undefined, undefined, undefined]);
    expect(settings['stream']).toBeUndefined();
    const large = parseResponsesRequest({ ...request(), newest: 'x'.repeat(20_000), small: 1 });
    expect(large.settings).not.toHaveProperty('newest');
  });
});
