import { describe, expect, it } from '@jest/globals';
import type { JsonObject } from '../../../src/base/json.js';
import type { ProviderSettings } from '../../../src/catalog/model.js';
import { profileOf } from '../../../src/catalog/provider-profiles.js';
import { convertRequest } from '../../../src/providers/openai/convert-request.js';
import { chatPrompt } from '../../support/chat-prompt.js';
import { modelFor, requestFor, settingsFor, targetFor } from '../support.js';

const signed = (thought_signature: string): JsonObject => ({
  extra_content: { google: { thought_signature } },
});
const EXCUSED = signed('skip_thought_signature_validator');
const call = (id: string, fields: JsonObject = {}): JsonObject => ({
  id,
  type: 'function',
  function: { name: 'f', arguments: '{}' },
  ...fields,
});
const step = (...calls: JsonObject[]): JsonObject[] => [
  { role: 'assistant', content: null, tool_calls: calls },
  ...calls.map(({ id = '' }) => ({ role: 'tool', tool_call_id: id, content: 'x' })),
];
const user = { role: 'user', content: 'Go' };

/** The fields beside each call's own ones, as they go up. */
function fieldsUp(
  messages: JsonObject[],
  upstreamModel: string,
  provider: Partial<ProviderSettings> = profileOf('google'),
): unknown[] {
  const target = targetFor(settingsFor('http://upstream.test/v1', provider), { upstreamModel });
  const body = convertRequest(requestFor(modelFor([target]), { prompt: chatPrompt({ messages }) }), target);
  return (body['messages'] as JsonObject[])
    .flatMap(({ tool_calls: calls }) => (calls ?? []) as JsonObject[])
    .map(({ id: _id, type: _type, function: _called, ...fields }) => fields);
}

describe("a call on Google's endpoint for the chat wire", () => {
  const messages = [
    user,
    ...step(call('a')),
    { role: 'user', content: [{ type: 'text', text: 'On' }] },
    ...step(call('b', signed('B')), call('c')),
    { role: 'user', content: '' },
    ...step(call('d', { extra_content: {} }), call('e')),
  ];

  it('is excused where Gemini 3 demands a signature, at the first call of each step of the current turn', () => {
    expect(fieldsUp(messages, 'gemini-3-pro-preview')).toEqual([{}, signed('B'), {}, EXCUSED, {}]);
  });

  it.each<[string, Partial<ProviderSettings> | undefined]>([
    ['gemini-2.5-pro', undefined],
    ['gemini-3-pro-preview', profileOf('openrouter')],
  ])('stays as it is elsewhere: %s', (model, profile) => {
    expect(fieldsUp(messages, model, profile)).toEqual([{}, signed('B'), {}, { extra_content: {} }, {}]);
  });
});
