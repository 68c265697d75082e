import { describe, expect, it } from '@jest/globals';
import { model, problemsOf, PROVIDER, withModel, withVideo } from './gateway-file-text.js';
import { cleanUpDirectories } from './temporary-directory.js';

cleanUpDirectories();

const A_PRICE = 'must be a non-negative decimal number of USD, such as 1.25, and not above 1000000';
const A_NAME = 'must be 1 to 128 letters, digits and any of . _ - / : @ +';
const NOT_SANDBOX = '; sandbox/ belongs to the built-in sandbox';
const AN_ID = `${A_NAME}, or fewer and then a *${NOT_SANDBOX}`;
const A_DISCOVERED = '[{id: up, type: openai, discover: {';
const A_PRICING = 'must be a mapping of prices, or one of the words free and builtin';
const A_REFERENCE = 'has a reference that is not ${NAME} with the name of an environment variable';

const AN_ADDRESS = 'an address: 0x and 40 hexadecimal digits, with the right capitals or none';

/** A file with one mistake, and what is said about it. */
const MISTAKES: Readonly<Record<string, string>> = {
  'provider: []': 'provider: is not a known key; known here: providers, sandbox, models, payments',
  'providers: {}': 'providers: must be a list',
  'providers: [up]': 'providers[0]: must be a mapping',
  'providers: [ ~ ]': 'providers[0]: must be a mapping',
  'sandbox: maybe': 'sandbox: must be one of true, false',
  'providers: [{type: openai}]': 'providers[0].id: is required',
  'providers: [{id: up}]': 'providers[0].type: is required',
  'providers: [{id: up, type: azure}]': 'providers[0].type: must be one of openai, anthropic, google',
  'providers: [{id: sandbox, type: openai}]': 'providers[0].id: is the id of the built-in sandbox',
  'providers: [{id: "a:b", type: openai}]':
    'providers[0].id: must be 1 to 64 letters, digits, dots, dashes and underscores',
  [`providers: [{id: up, type: openai}, {id: up, type: google}]`]:
    'providers[1].id: is the id of an earlier provider',
  'providers: [{id: up, type: openai, key: x}]':
    'providers[0].key: is not a known key; known here: id, type, base_url, profile, omit_fields, developer_role, token_limit_field, tool_call_ids, reasoning_content, assistant_after_tools, call_signatures, tool_images, prompt_cache_key, cache_control, affinity_header, wires, timeout_ms, connect_timeout_ms, first_byte_timeout_ms, silence_timeout_ms, background_timeout_ms, headers, pass_fields, idempotent_videos, max_connections, proxy, log_upstream_messages, api_version, reasoning_scope, api_keys, api_key, cache_breakpoints, discover',
  'providers: [{id: up, type: openai, idempotent_videos: true}]':
    'providers[0].idempotent_videos: is for a provider of type openai with videos among its wires',
  'providers: [{id: up, type: google, wires: [videos], idempotent_videos: true}]':
    'providers[0].idempotent_videos: is for a provider of type openai with videos among its wires',
  'providers: [{id: up, type: openai, base_url: up.internal}]':
    'providers[0].base_url: must be an http(s) URL without user, query and fragment',
  'providers: [{id: up, type: openai, base_url: "https://a:b@up.internal"}]':
    'providers[0].base_url: must be an http(s) URL without user, query and fragment',
  'providers: [{id: up, type: openai, wires: [chat, grpc]}]':
    'providers[0].wires[1]: must be one of chat, responses, embeddings, videos',
  'providers: [{id: up, type: openai, timeout_ms: 10s}]':
    'providers[0].timeout_ms: must be a whole number from 1 to 86400000',
  'providers: [{id: up, type: openai, timeout_ms: 1.5}]':
    'providers[0].timeout_ms: must be a whole number from 1 to 86400000',
  'providers: [{id: up, type: openai, headers: {"a b": c}}]':
    'providers[0].headers.a b: must be a header value, under the name of a header',
  'providers: [{id: up, type: openai, token_limit_field: limit}]':
    'providers[0].token_limit_field: must be one of max_completion_tokens, max_tokens',
  'providers: [{id: up, type: openai, api_key: "${NOT_SET}"}]':
    'providers[0].api_key: takes the environment variable NOT_SET, which is not set',
  'providers: [{id: up, type: openai, api_key: "${A:-b}"}]': 'providers[0].api_key: ' + A_REFERENCE,
  'providers: [{id: up, type: openai, api_key: "${A"}]': 'providers[0].api_key: ' + A_REFERENCE,
  [withModel({ targets: undefined })]: 'models[0].targets: is required',
  [withModel({ targets: '[]' })]: 'models[0].targets: must name at least one target',
  [withModel({ targets: '[{provider: pu, model: m}]' })]:
    'models[0].targets[0].provider: must be one of the providers: up, sandbox',
  [withModel({ targets: '[{provider: up}]' })]: 'models[0].targets[0].model: is required',
  [withModel({ targets: '[{provider: up, model: m, weight: 0}]' })]:
    'models[0].targets[0].weight: must be a whole number from 1 to 1000',
  [withModel({ targets: '[{provider: up, model: m, wait: 1}]' })]:
    'models[0].targets[0].wait: is not a known key; known here: provider, model, priority, weight',
  [withModel({ id: '"a b"' })]: 'models[0].id: ' + AN_ID,
  [withModel({ id: "'*a'" })]: 'models[0].id: ' + AN_ID,
  [withModel({ id: "'a**'" })]: 'models[0].id: ' + AN_ID,
  [withModel({ id: "'sandbox/*'" })]: 'models[0].id: ' + AN_ID,
  [withModel({ id: 'ä' })]: 'models[0].id: ' + AN_ID,
  [withVideo({ id: "'v*'" })]: `models[0].id: ${A_NAME}${NOT_SANDBOX}`,
  [withModel({ targets: "[{provider: up, model: '*'}]" })]:
    'models[0].targets: pass a name through only where the id ends in *',
  [withModel({ id: "'a/*'", aliases: '[b]' })]: 'models[0].aliases: are not for an id that ends in *',
  [withModel({ aliases: '["a b"]' })]: 'models[0].aliases[0]: ' + AN_ID,
  [`${PROVIDER}models: [{${model({ id: 'a', aliases: '[x, "y*"]' })}}, {${model({ id: 'b', aliases: '["y*"]' })}}]`]:
    'models[1].aliases[0]: is an alias already',
  [withModel({ default_output_tokens: '101' })]:
    'models[0].default_output_tokens: must not exceed max_output_tokens',
  [withModel({ reasoning_efforts: '[extreme]' })]:
    'models[0].reasoning_efforts[0]: must be one of none, minimal, low, medium, high, xhigh, max',
  [`providers: ${A_DISCOVERED}pricing: cheap}}]`]: 'providers[0].discover.pricing: ' + A_PRICING,
  [`providers: ${A_DISCOVERED}prefix: "sandbox/"}}]`]:
    'providers[0].discover.prefix: must be the beginning of public ids: letters, digits and any of . _ - / : @ +, such as ollama/',
  [`providers: ${A_DISCOVERED}refresh_ms: 10}}]`]:
    'providers[0].discover.refresh_ms: must be a whole number from 1000 to 86400000',
  [`providers: ${A_DISCOVERED}every: 10}}]`]:
    'providers[0].discover.every: is not a known key; known here: pricing, context_window, max_output_tokens, prefix, include, refresh_ms',
  'providers: [{id: up, type: openai, cache_breakpoints: off}]':
    'providers[0].cache_breakpoints: is for a provider of type anthropic',
  'providers: [{id: up, type: anthropic, cache_breakpoints: never}]':
    'providers[0].cache_breakpoints: must be one of auto, off',
  'providers: [{id: up, type: google, api_version: 2024-10-21}]':
    'providers[0].api_version: is for a provider of type openai',
  'providers: [{id: up, type: openai, api_version: 2024-10-21}]':
    'providers[0].api_version: is for Azure, and https://api.openai.com/v1 is not; base_url names the resource',
  'providers: [{id: up, type: openai, base_url: "https://a.openai.azure.com", api_version: latest}]':
    'providers[0].api_version: must be a version of Azure, such as 2024-10-21 or 2025-04-01-preview',
  'providers: [{id: up, type: openai, base_url: "https://a.b", api_version: 2024-10-21, discover: {}}]':
    'providers[0].api_version: does not go with discover: Azure lists no deployments',
  'providers: [{id: up, type: openai, base_url: "https://a.b", api_version: 2024-10-21, wires: [videos]}]':
    'providers[0].api_version: does not go with videos among the wires',
  [withModel({ thinking: 'deep' })]: 'models[0].thinking: must be one of adaptive, budget, none',
  [withModel({ id: 'sandbox/mine' })]: 'models[0].id: ' + AN_ID,
  [`${PROVIDER}models: [{${model()}}, {${model()}}]`]: 'models[1].id: is the id of an earlier model',
  [withVideo({ wires: '[chat]' })]: 'models[0].targets: the provider up must have videos among its wires',
  [withVideo({ type: 'anthropic' })]: 'models[0].targets: the provider up makes no videos',
  [withVideo({ durations: undefined })]:
    'models[0].durations: is required where the price is per second; the first one is the default',
  [withVideo({ durations: '[]' })]: 'models[0].durations: must name at least one, or be left out',
  [withVideo({ durations: '[4, 1.5]' })]:
    'models[0].durations[1]: must be a whole number of seconds from 1 to 3600',
  [withVideo({ sizes: '[1280]' })]:
    'models[0].sizes[0]: must be width x height in pixels, such as "1280x720"',
  [withVideo({ aspect_ratios: '[wide]' })]:
    'models[0].aspect_ratios[0]: must be width:height in quotes, such as "16:9"',
  [withVideo({ context_window: '5' })]:
    'models[0].context_window: is not a known key; known here: id, kind, targets, pricing, input, created, owned_by, aliases, display_name, durations, sizes, aspect_ratios',
  [withVideo({ pricing: '{}' })]: 'models[0].pricing.per_second: is required',
  [withVideo({ pricing: '{per_second: -1}' })]: 'models[0].pricing.per_second: ' + A_PRICE,
  [withVideo({ pricing: '{per_second: 1, per_video: 1}' })]:
    'models[0].pricing.per_video: cannot stand beside per_second',
  [withVideo({ pricing: '{input: 1, per_video: 1}' })]:
    'models[0].pricing.input: is not a known key; known here: per_second, per_video',
  [withVideo({ pricing: undefined })]: 'models[0].pricing: is required',
  [withModel({ kind: 'image' })]: 'models[0].kind: must be one of text, video, embedding',
  [withModel({ context_window: undefined })]: 'models[0].context_window: is required',
  [withModel({ max_output_tokens: undefined })]: 'models[0].max_output_tokens: is required',
  [withModel({ max_output_tokens: '1001' })]: 'models[0].max_output_tokens: must not exceed context_window',
  [withModel({ context_window: '1_000' })]:
    'models[0].context_window: must be a whole number from 1 to 100000000',
  [withModel({ pricing: undefined })]: 'models[0].pricing: is required',
  [withModel({ pricing: '~' })]: 'models[0].pricing: is required',
  [withModel({ pricing: 'cheap' })]: 'models[0].pricing: ' + A_PRICING,
  [withModel({ pricing: '{input: 1}' })]: 'models[0].pricing.output: is required',
  [withModel({ pricing: '{input: 1, output: -2}' })]: 'models[0].pricing.output: ' + A_PRICE,
  [withModel({ pricing: '{input: .inf, output: 2}' })]: 'models[0].pricing.input: ' + A_PRICE,
  [withModel({ pricing: '{input: 1e9, output: 2}' })]: 'models[0].pricing.input: ' + A_PRICE,
  [withModel({ pricing: '{input: 1, output: 2, per_second: 1}' })]:
    'models[0].pricing.per_second: is not a known key; known here: long_context, web_search_per_call, service_tiers, input, output, cached_input, cache_write, cache_write_1h, reasoning',
  [withModel({ pricing: '{input: 1, output: 2, long_context: {input: 2, output: 4}}' })]:
    'models[0].pricing.long_context.above: is required',
  [withModel({ pricing: '{input: 1, output: 2, service_tiers: {flex: {input: a, output: 1}}}' })]:
    'models[0].pricing.service_tiers.flex.input: ' + A_PRICE,
  [withModel({ input: '[text, smell]' })]: 'models[0].input[1]: must be one of text, image, audio, file',
  [withModel({ part_tokens: '{video: 1}' })]:
    'models[0].part_tokens.video: is not a known key; known here: image, audio, file',
  'payments: {fee_bps: 10001}': 'payments.fee_bps: must be a whole number from 0 to 10000',
  'payments: {default_chain_id: 1}': 'payments.default_chain_id: must be the id of one of the chains',
  'payments: {chains: [{rpc_url: "http://127.0.0.1"}]}': 'payments.chains[0].id: is required',
  'payments: {chains: [{id: 1}, {id: 1}]}': 'payments.chains[1].id: is the id of an earlier chain',
  'payments: {chains: [{id: 1, usdc: 0x12}]}': 'payments.chains[0].usdc: must be ' + AN_ADDRESS,
  'payments: {x402: {enabled: false, to: 1}}':
    'payments.x402.to: is not a known key; known here: enabled, pay_to, facilitator, signer_key, default_max_amount',
};

describe('a gateway file with a mistake', () => {
  it.each(Object.entries(MISTAKES))('is refused with its path: %j', (text, problem) => {
    expect(problemsOf(text)).toEqual([problem]);
  });

  it('has all its problems named at once', () => {
    const problems = problemsOf(
      `providers: [{id: up, type: nothing}]
models:
  - {id: a, targets: [{provider: other, model: a}], context_window: 10, max_output_tokens: 20, pricing: {input: -1, output: x}}
  - {id: a, pricing: free, colour: red}`,
    );
    expect(problems.map((problem) => problem.split(': ')[0])).toEqual([
      'providers[0].type',
      'models[0].targets[0].provider',
      'models[0].max_output_tokens',
      'models[0].pricing.input',
      'models[0].pricing.output',
      'models[1].id',
      'models[1].targets',
      'models[1].context_window',
      'models[1].max_output_tokens',
      'models[1].colour',
    ]);
  });

  it.each([
    ['is not YAML', 'providers: [\n  api_key: "hidden-value\n'],
    ['has a key twice', 'sandbox: true\nsandbox: false\n'],
    ['names an anchor that is not there', 'providers: *hidden-value\n'],
    ['is empty', ''],
    ['is a list', '- hidden-value\n'],
  ])('is refused without being quoted when it %s', (_mistake, text) => {
    const problems = problemsOf(text);
    expect(problems.length).toBeGreaterThan(0);
    for (const problem of problems) {
      expect(problem).toMatch(/^GATEWAY_CONFIG: .*gateway\.yaml (line \d+, column \d+: |aliases |must be )/);
      expect(problem).not.toContain('hidden-value');
    }
  });

  it('does not expand aliases without bound', () => {
    const layers = Array.from(
      { length: 9 },
      (_, layer) => `l${layer + 1}: &l${layer + 1} [${Array(9).fill(`*l${layer}`).join(', ')}]`,
    );
    expect(problemsOf(`l0: &l0 [a]\n${layers.join('\n')}\n`)).toEqual([
      expect.stringContaining('aliases must name'),
    ]);
  });

  it('never shows a value that came from the environment', () => {
    const text = `providers: [{id: "\${S}", type: "\${S}", base_url: "\${S}", wires: ["\${S}"], timeout_ms: "\${S}"}]
models: [{id: a, targets: [{provider: "\${S}", model: a}], context_window: "\${S}", max_output_tokens: "\${S}", pricing: {input: "\${S}", output: "\${S}"}}]`;
    const problems = problemsOf(text, { S: 'hidden value' });
    expect(problems.length).toBeGreaterThanOrEqual(9);
    expect(problems.join('\n')).not.toContain('hidden value');
  });
});
