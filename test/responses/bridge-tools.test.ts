import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { parseChatRequest } from '../../src/chat/chat-request.js';
import { GatewayError } from '../../src/base/errors/gateway-error.js';
import type { JsonObject } from '../../src/base/json.js';
import { type BridgedRequest, toPrompt } from '../../src/responses/bridge/to-prompt.js';
import { assembleContext, resolveReferences } from '../../src/responses/domain/context.js';
import { parseResponsesRequest } from '../../src/responses/responses-request.js';
import { writeChat } from '../../src/text/chat-wire/write-chat.js';
import { clientItems, fullRequest, functionTool, request } from './request-bodies.js';

function bridge(fields: JsonObject): BridgedRequest & { readonly chat: JsonObject } {
  const parsed = parseResponsesRequest(request(fields));
  const result = toPrompt({ request: parsed, context: parsed.input });
  const chat = writeChat(result.prompt);
  parseChatRequest({ model: 'm', ...chat });
  return { ...result, chat };
}

const named = (name: string): JsonObject => ({ type: 'function', name });
const onWire = (name: string): JsonObject => ({
  type: 'function',
  function: { name, parameters: { type: 'object', properties: {} } },
});
const tools = [named('a'), named('b'), { type: 'web_search' }];

describe('tens of thousands of tools', () => {
  const count = 40_000;
  const long = (index: number): JsonObject => named(`${'n'.repeat(64)}_${index}`);

  it('whose names are cut to the same one are told apart within moments', () => {
    const many = Array.from({ length: count }, (_, index) => long(index));
    expect(bridge({ tools: many }).tools.size).toBe(count);
  });

  it('are limited to some of them within moments', () => {
    const many = Array.from({ length: count }, (_, index) => named(`f${index}`));
    const others = Array.from({ length: count }, (_, index) => named(`g${index}`));
    const tool_choice = { type: 'allowed_tools', mode: 'auto', tools: [...others, named('f7')] };
    expect(bridge({ tools: many, tool_choice }).chat).toMatchObject({ tools: [onWire('f7')] });
  });
});

describe('the request on the chat wire', () => {
  it('is nothing but its messages by default', () => {
    expect(bridge({ tool_choice: 'auto', parallel_tool_calls: false }).chat).toEqual({
      messages: [{ role: 'user', content: 'hi' }],
    });
  });

  it('has every field under its name there', () => {
    const { chat, tools: identities, leftOut } = bridge(fullRequest);
    expect(chat).toEqual({
      messages: [
        { role: 'system', content: 'be brief' },
        { role: 'user', content: 'hi' },
      ],
      temperature: 0.5,
      top_p: 0.5,
      presence_penalty: 1,
      frequency_penalty: -1,
      user: 'u',
      safety_identifier: 's',
      prompt_cache_key: 'k',
      service_tier: 'flex',
      metadata: { a: 'b' },
      tools: [
        { type: 'function', function: { name: 'f', parameters: functionTool['parameters'] } },
        {
          type: 'function',
          function: {
            name: 'patch',
            description: 'The input must match this lark grammar:\nstart: "a"',
            parameters: { type: 'object', properties: { input: { type: 'string' } }, required: ['input'] },
          },
        },
        expect.objectContaining({ function: expect.objectContaining({ name: 'local_shell' }) }),
        onWire('mcp__files__read'),
      ],
      parallel_tool_calls: false,
      tool_choice: { type: 'function', function: { name: 'f' } },
      response_format: { type: 'json_schema', json_schema: { name: 'x', schema: { type: 'object' } } },
      verbosity: 'low',
      reasoning_effort: 'low',
      logprobs: true,
      top_logprobs: 20,
    });
    expect(Object.fromEntries(identities)).toEqual({
      f: { type: 'function', name: 'f' },
      patch: { type: 'custom', name: 'patch' },
      local_shell: { type: 'local_shell', name: 'local_shell' },
      mcp__files__read: { type: 'function', name: 'read', namespace: 'mcp__files' },
    });
    expect(leftOut).toEqual({ tools: ['web_search'], items: [] });
  });

  it('asks for log probabilities without alternatives when they are only included', () => {
    expect(bridge({ include: ['message.output_text.logprobs'] }).chat).toMatchObject({ logprobs: true });
  });

  it('keeps names apart that would be the same', () => {
    const long = 'n'.repeat(100);
    const { chat, tools: identities } = bridge({
      tools: [
        { type: 'namespace', name: 'a', tools: [named('b'), { type: 'custom', name: 'b' }] },
        { type: 'namespace', name: long, tools: [named('x'), named('y')] },
        named('a__b'),
      ],
      tool_choice: { type: 'function', name: 'y', namespace: long },
    });
    const cut = 'n'.repeat(62);
    expect([...identities.keys()]).toEqual(['a__b', 'a__b_2', 'a__b_3', 'n'.repeat(64), `${cut}_2`]);
    expect(identities.get('a__b')).toEqual({ type: 'function', name: 'a__b' });
    expect(chat['tool_choice']).toEqual({ type: 'function', function: { name: `${cut}_2` } });
  });

  it('offers tools that a developer adds later', () => {
    const { chat } = bridge({
      input: [
        { role: 'user', content: 'a' },
        { type: 'additional_tools', role: 'developer', tools: [named('late')] },
      ],
    });
    expect(chat['tools']).toEqual([onWire('late')]);
  });
});

describe('the choice of a tool', () => {
  it.each<[JsonObject[], JsonObject | string, JsonObject]>([
    [tools, 'none', { tools: [onWire('a'), onWire('b')], tool_choice: 'none' }],
    [tools, 'required', { tools: [onWire('a'), onWire('b')], tool_choice: 'required' }],
    [
      tools,
      { type: 'allowed_tools', mode: 'required', tools: [named('b'), { type: 'web_search' }] },
      { tools: [onWire('b')], tool_choice: 'required' },
    ],
    [tools, { type: 'allowed_tools', mode: 'auto', tools: [{ type: 'web_search' }] }, {}],
    [[{ type: 'web_search' }], 'none', {}],
    [
      [{ type: 'custom', name: 'c' }],
      { type: 'custom', name: 'c' },
      { tool_choice: { type: 'function', function: { name: 'c' } } },
    ],
  ])('of %j by %j is kept', (declared, choice, expected) => {
    const { chat } = bridge({ tools: declared, tool_choice: choice });
    expect(chat).toMatchObject(expected);
    expect('tools' in chat || 'tools' in expected || 'tool_choice' in expected).toBe('tool_choice' in chat);
  });

  it.each<[JsonObject[], JsonObject | string, string]>([
    [[{ type: 'web_search' }], { type: 'web_search' }, 'unsupported_parameter'],
    [tools, { type: 'web_search' }, 'unsupported_parameter'],
    [[{ type: 'web_search' }], 'required', 'unsupported_parameter'],
    [tools, { type: 'mcp', server_label: 's' }, 'unsupported_parameter'],
    [
      tools,
      { type: 'allowed_tools', mode: 'required', tools: [{ type: 'web_search' }] },
      'unsupported_parameter',
    ],
    [[], 'required', 'invalid_value'],
    [tools, named('c'), 'invalid_value'],
  ])('of %j by %j is %s', (declared, choice, code) => {
    expect(() => bridge({ tools: declared, tool_choice: choice })).toThrow(
      expect.objectContaining({ code, param: 'tool_choice' }),
    );
  });
});

describe('any accepted request', () => {
  const items = fc.array(fc.constantFrom(...clientItems.map(([, item]) => item)), { maxLength: 8 });
  const fields = fc.subarray(Object.keys(fullRequest).filter((name) => name !== 'input' && name !== 'model'));

  it('is a valid chat request', () => {
    let accepted = 0;
    fc.assert(
      fc.property(items, fields, (history, names) => {
        const chosen = Object.fromEntries(names.map((name) => [name, fullRequest[name]]));
        const bridged = refusedOr(() => {
          const parsed = parseResponsesRequest(
            request({ ...chosen, input: [...history, { role: 'user', content: 'x' }] }),
          );
          const found = new Map([['msg_1', { type: 'message', role: 'assistant', content: 'stored' }]]);
          // As history, so that halves of calls are left out and not refused.
          const context = assembleContext(resolveReferences(parsed.input, found), []);
          return toPrompt({ request: parsed, context });
        });
        if (!bridged) return;
        accepted += 1;
        expect(() => parseChatRequest({ model: 'm', ...writeChat(bridged.prompt) })).not.toThrow();
      }),
      { numRuns: 500 },
    );
    expect(accepted).toBeGreaterThan(100);
  });

  it('gives every tool a name that upstreams take, and finds it again', () => {
    const name = fc.stringMatching(/^[a-zA-Z0-9_-]{1,128}$/);
    const own = fc.record({ type: fc.constantFrom('function', 'custom'), name });
    const space = fc.record({
      type: fc.constant('namespace'),
      name: fc.string({ minLength: 1 }),
      tools: fc.array(own),
    });
    fc.assert(
      fc.property(fc.array(fc.oneof(own, space)), (declared) => {
        const { chat, tools: identities } = bridge({ tools: declared });
        const sent = (chat['tools'] ?? []) as readonly { function: { name: string } }[];
        const names = sent.map((tool) => tool.function.name);
        expect(new Set(names).size).toBe(names.length);
        expect([...identities.keys()].sort()).toEqual([...names].sort());
        for (const one of names) expect(one).toMatch(/^[a-zA-Z0-9_-]{1,64}$/);
      }),
    );
  });
});

function refusedOr<Result>(run: () => Result): Result | undefined {
  try {
    return run();
  } catch (thrown) {
    expect(thrown).toBeInstanceOf(GatewayError);
    return undefined;
  }
}
