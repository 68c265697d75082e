import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { formatDecimal, parseDecimal } from '../../src/base/money/decimal.js';
import { problemsOf, PROVIDER, read, withModel } from './gateway-file-text.js';
import { cleanUpDirectories } from './temporary-directory.js';

cleanUpDirectories();

describe('readGatewayFile', () => {
  it('fills in what a provider does not say', () => {
    const { catalog } = read(
      'providers: [{id: a, type: openai}, {id: b, type: anthropic}, {id: c, type: google}]',
    );
    expect(catalog.providers.get('a')).toEqual({
      id: 'a',
      type: 'openai',
      baseUrl: 'https://api.openai.com/v1',
      apiKey: undefined,
      wires: ['chat', 'embeddings'],
      timeoutMs: 600_000,
      connectTimeoutMs: 5_000,
      firstByteTimeoutMs: 300_000,
      silenceTimeoutMs: 300_000,
      backgroundTimeoutMs: 3_600_000,
      headers: {},
      passFields: [],
      omitFields: [],
      developerRole: true,
      tokenLimitField: 'max_completion_tokens',
      toolCallIds: 'short',
      reasoningContent: 'never',
      assistantAfterTools: false,
      callSignatures: false,
      toolImages: 'behind',
      promptCacheKey: 'always',
      cacheControl: false,
      idempotentVideos: false,
      maxConnections: 256,
      proxy: undefined,
      logUpstreamMessages: false,
    });
    expect(catalog.providers.get('b')).toMatchObject({
      baseUrl: 'https://api.anthropic.com',
      tokenLimitField: 'max_tokens',
    });
    expect(catalog.providers.get('c')?.baseUrl).toBe('https://generativelanguage.googleapis.com');
  });

  it('takes what a provider says', () => {
    const { catalog } = read(
      `providers:
        - id: up
          type: openai
          base_url: http://\${UP_HOST}:8080/v1/
          api_key: key-\${UP_KEY}
          wires: [chat, responses, videos]
          timeout_ms: 1
          connect_timeout_ms: 2
          first_byte_timeout_ms: 3
          silence_timeout_ms: 4
          background_timeout_ms: 5
          headers: {api-version: 2026-01-01, x-number: 1.10}
          pass_fields: [top_k, min_p]
          token_limit_field: max_tokens
          omit_fields: [user]
          developer_role: true
          tool_call_ids: nine
          reasoning_content: always
          assistant_after_tools: true
          call_signatures: true
          tool_images: behind
          prompt_cache_key: always
          cache_control: true
          affinity_header: X-My-Session
          proxy: http://me:\${UP_KEY}@proxy.internal:3128
          log_upstream_messages: true
          idempotent_videos: true
          max_connections: 6`,
      { UP_HOST: 'up.internal', UP_KEY: 'a$&b', HTTP_PROXY: 'other.internal' },
    );
    expect(catalog.providers.get('up')).toMatchObject({
      baseUrl: 'http://up.internal:8080/v1',
      apiKey: 'key-a$&b',
      wires: ['chat', 'responses', 'videos'],
      timeoutMs: 1,
      connectTimeoutMs: 2,
      firstByteTimeoutMs: 3,
      silenceTimeoutMs: 4,
      backgroundTimeoutMs: 5,
      headers: { 'api-version': '2026-01-01', 'x-number': '1.10' },
      passFields: ['top_k', 'min_p'],
      tokenLimitField: 'max_tokens',
      omitFields: ['user'],
      developerRole: true,
      toolCallIds: 'nine',
      reasoningContent: 'always',
      assistantAfterTools: true,
      callSignatures: true,
      toolImages: 'behind',
      promptCacheKey: 'always',
      cacheControl: true,
      affinityHeader: 'x-my-session',
      proxy: 'http://me:a$&b@proxy.internal:3128/',
      logUpstreamMessages: true,
      idempotentVideos: true,
      maxConnections: 6,
    });
  });

  it('fills in what a model does not say', () => {
    const { catalog } = read(withModel());
    const provider = catalog.providers.get('up');
    expect(catalog.models.get('m')).toEqual({
      kind: 'text',
      id: 'm',
      targets: [{ provider, upstreamModel: 'm', priority: 1, weight: 1 }],
      contextWindow: 1000,
      maxOutputTokens: 100,
      pricing: { input: parseDecimal('1'), output: parseDecimal('2') },
      partTokens: { image: 5_000, audio: 20_000, file: 50_000 },
      created: 1_767_225_600,
      ownedBy: 'up',
    });
  });

  it('takes what a model says', () => {
    const { catalog } = read(
      `${PROVIDER}models:
        - id: vendor/model-1.5
          kind: text
          targets: [{provider: up, model: 4.10, priority: 2, weight: 3}, {provider: sandbox, model: echo}]
          context_window: 1000
          max_output_tokens: 1000
          pricing:
            input: 0.1
            cached_input: 1e-7
            cache_write: "0.125"
            cache_write_1h: 0.25
            output: \${OUTPUT_PRICE}
            reasoning: 12
            long_context: {above: 500, input: 0.2, output: 20}
            service_tiers: {flex: {input: 0.05, output: 5}}
            web_search_per_call: 0.01
          input: [text, audio]
          part_tokens: {image: 1, file: 0}
          created: 12
          owned_by: somebody`,
      { OUTPUT_PRICE: '10' },
    );
    expect(catalog.models.get('vendor/model-1.5')).toMatchObject({
      targets: [
        { upstreamModel: '4.10', priority: 2, weight: 3 },
        { upstreamModel: 'echo', provider: { type: 'sandbox' } },
      ],
      pricing: {
        input: { unscaled: 1n, scale: 1 },
        cachedInput: { unscaled: 1n, scale: 7 },
        cacheWrite: { unscaled: 125n, scale: 3 },
        cacheWrite1h: { unscaled: 25n, scale: 2 },
        output: { unscaled: 10n, scale: 0 },
        reasoning: { unscaled: 12n, scale: 0 },
        longContext: { aboveInputTokens: 500, input: { unscaled: 2n, scale: 1 } },
        serviceTiers: { flex: { output: { unscaled: 5n, scale: 0 } } },
        webSearchPerCall: { unscaled: 1n, scale: 2 },
      },
      partTokens: { image: 1, audio: 20_000, file: 0 },
      inputKinds: ['text', 'audio'],
      created: 12,
      ownedBy: 'somebody',
    });
  });

  it('takes what a video model says', () => {
    const { catalog } = read(
      `providers: [{id: up, type: openai, wires: [videos]}, {id: g, type: google}]
models:
  - id: sora-2
    kind: video
    targets: [{provider: up, model: sora-2}]
    pricing: {per_second: 0.1}
    durations: [8, 4, 12]
    sizes: ["1280x720", 720x1280]
    input: [text, image]
  - {id: veo, kind: video, targets: [{provider: g, model: veo-3}], pricing: {per_video: 0.40}, aspect_ratios: ["16:9"]}
  - {id: own, kind: video, targets: [{provider: sandbox, model: video}], pricing: free, owned_by: me, created: 5}`,
    );
    const common = { kind: 'video', created: 1_767_225_600 };
    expect(catalog.models.get('sora-2')).toEqual({
      ...common,
      id: 'sora-2',
      targets: [{ provider: catalog.providers.get('up'), upstreamModel: 'sora-2', priority: 1, weight: 1 }],
      pricing: { perSecond: parseDecimal('0.1') },
      durations: [8, 4, 12],
      sizes: ['1280x720', '720x1280'],
      inputKinds: ['text', 'image'],
      ownedBy: 'up',
    });
    expect(catalog.models.get('veo')).toMatchObject({
      ...common,
      pricing: { perVideo: parseDecimal('0.40') },
      aspectRatios: ['16:9'],
    });
    expect(catalog.models.get('own')).toMatchObject({ pricing: 'free', ownedBy: 'me', created: 5 });
  });

  it('keeps every price exactly as it is written', () => {
    const price = fc
      .tuple(fc.bigInt(0n, 999_999n), fc.stringMatching(/^\d{1,18}$/), fc.boolean())
      .map(([whole, fraction, withFraction]) =>
        withFraction ? `${whole.toString()}.${fraction}` : whole.toString(),
      );
    fc.assert(
      fc.property(price, (text) => {
        const { catalog } = read(withModel({ pricing: `{input: ${text}, output: 0}` }));
        const pricing = catalog.models.get('m')!.pricing;
        if (pricing === 'free' || !('input' in pricing)) throw new Error('the model has a price');
        const canonical = text.includes('.') ? text.replace(/\.?0+$/, '') : text;
        expect(formatDecimal(pricing.input)).toBe(canonical);
      }),
      { numRuns: 100 },
    );
  });

  it('takes payments', () => {
    expect(
      read('payments: {fee_bps: 0, default_chain_id: 8453, chains: [{id: 8453, confirmations: 2}]}').payments,
    ).toEqual({ feeBps: 0, defaultChainId: 8453, chainIds: [8453, 43_113], x402: undefined });
    expect(read('sandbox: true').payments).toEqual({
      feeBps: 100,
      defaultChainId: 43_113,
      chainIds: [43_113],
      x402: undefined,
    });
    expect(read('payments: {x402: {enabled: false, signer_key: "${NOT_SET}"}}').payments.feeBps).toBe(100);
  });

  it('always has the sandbox unless it is switched off', () => {
    expect([...read(withModel()).catalog.models.keys()]).toEqual([
      'm',
      'sandbox/echo',
      'sandbox/assistant',
      'sandbox/embedding',
      'sandbox/video',
    ]);
    const { catalog } = read(`sandbox: false\n${withModel()}`);
    expect([...catalog.models.keys()]).toEqual(['m']);
    expect([...catalog.providers.keys()]).toEqual(['up']);
  });

  it('prices the sandbox at 1 and 2 USD per 1M tokens', () => {
    const { catalog } = read('sandbox: true');
    for (const id of ['sandbox/echo', 'sandbox/assistant'])
      expect(catalog.models.get(id)?.pricing).toEqual({
        input: parseDecimal('1'),
        output: parseDecimal('2'),
      });
  });

  it('understands anchors and merges', () => {
    const { catalog } = read(
      `${PROVIDER}models:
        - &base {id: a, targets: [{provider: up, model: a}], context_window: 10, max_output_tokens: 5, pricing: free}
        - {<<: *base, id: b}`,
    );
    expect(catalog.models.get('b')).toMatchObject({ contextWindow: 10, pricing: 'free' });
  });

  it('loads names that objects have of their own as plain names', () => {
    const { catalog } = read(withModel({ id: '__proto__', pricing: '{input: 1, output: 2}' }));
    expect(catalog.models.get('__proto__')?.id).toBe('__proto__');
    expect(problemsOf(`${PROVIDER}constructor: 1`)).toEqual([
      expect.stringMatching(/^constructor: is not a known key/),
    ]);
    expect(problemsOf(`${PROVIDER}__proto__: {}`)).toEqual([
      expect.stringMatching(/^__proto__: is not a known key/),
    ]);
  });
});
