import { describe, expect, it } from '@jest/globals';
import type { Profile } from '../../src/catalog/profile.js';
import { proxyFor, readProxies } from '../../src/config/environment/proxies.js';
import { readEnvironment } from '../../src/config/environment/read-environment.js';
import {
  PROFILE_NAMES,
  profileNameOf,
  profileOf,
  type ProfileName,
} from '../../src/catalog/provider-profiles.js';
import { problemsOf, read } from './gateway-file-text.js';
import { cleanUpDirectories } from './temporary-directory.js';

cleanUpDirectories();

describe('the profile of a provider', () => {
  it.each([
    ['https://api.openai.com/v1', 'openai'],
    ['https://acme.openai.azure.com/openai/v1', 'azure'],
    ['https://openrouter.ai/api/v1', 'openrouter'],
    ['https://generativelanguage.googleapis.com/v1beta/openai', 'google'],
    ['https://aiplatform.googleapis.com/v1/x', 'google'],
    ['https://us-central1-aiplatform.googleapis.com/v1beta1/x', 'google'],
    ['https://storage.googleapis.com/v1/x', 'generic'],
    ['https://us-central1-aiplatform.googleapis.com.evil.example/v1', 'generic'],
    ['https://api.mistral.ai/v1', 'mistral'],
    ['https://api.deepseek.com', 'deepseek'],
    ['https://api.moonshot.cn/v1', 'moonshot'],
    ['https://api.groq.com/openai/v1', 'groq'],
    ['https://api.cerebras.ai/v1', 'cerebras'],
    ['http://localhost:11434/v1', 'ollama'],
    ['http://localhost:8000/v1', 'generic'],
    ['https://api.openai.com.evil.example/v1', 'generic'],
    ['https://notapi.mistral.ai.example/v1', 'generic'],
  ])('of %s is %s', (baseUrl, name) => {
    expect(profileNameOf(baseUrl)).toBe(name);
  });

  // Each was said by a service, or by those who were refused by it.
  it.each<[ProfileName, Partial<Profile>]>([
    [
      'openai',
      { developerRole: true, toolCallIds: 'short', reasoningContent: 'never', toolImages: 'behind' },
    ],
    ['azure', { developerRole: false, toolCallIds: 'short', omitFields: ['prompt_cache_key'] }],
    ['openrouter', { toolCallIds: 'short', tokenLimitField: 'max_tokens', reasoningContent: 'given' }],
    ['google', { tokenLimitField: 'max_tokens', reasoningContent: 'never', toolCallIds: 'kept' }],
    ['anthropic', { tokenLimitField: 'max_tokens', reasoningContent: 'never', toolCallIds: 'plain' }],
    ['mistral', { toolCallIds: 'nine', assistantAfterTools: true, reasoningContent: 'never' }],
    ['deepseek', { tokenLimitField: 'max_tokens', reasoningContent: 'always' }],
    ['moonshot', { reasoningContent: 'always', toolCallIds: 'kept' }],
    ['groq', { reasoningContent: 'never', tokenLimitField: 'max_completion_tokens' }],
    ['cerebras', { reasoningContent: 'never', tokenLimitField: 'max_completion_tokens' }],
    ['xai', { reasoningContent: 'never', tokenLimitField: 'max_completion_tokens' }],
    ['ollama', { tokenLimitField: 'max_tokens', reasoningContent: 'given' }],
    ['generic', { toolCallIds: 'kept', reasoningContent: 'given', omitFields: [], toolImages: 'inside' }],
  ])('of %s has what that service takes', (name, fields) => {
    expect(profileOf(name)).toMatchObject(fields);
  });

  it.each<ProfileName>(['google', 'anthropic', 'mistral', 'groq', 'cerebras'])(
    'of %s leaves out the hints that it refuses',
    (name) => {
      expect(profileOf(name).omitFields).toEqual(
        expect.arrayContaining(['prompt_cache_key', 'safety_identifier', 'verbosity']),
      );
    },
  );

  it('is chosen by name, else by the host, else by the type, and single keys win', () => {
    const { catalog } = read(`providers:
      - {id: a, type: openai, base_url: 'https://api.groq.com/openai/v1'}
      - {id: b, type: openai, base_url: 'https://api.groq.com/openai/v1', profile: generic}
      - {id: c, type: google, base_url: 'http://127.0.0.1:1/v1'}
      - {id: d, type: openai, base_url: 'http://127.0.0.1:1/v1', profile: mistral, tool_call_ids: kept}`);
    expect(catalog.providers.get('a')).toMatchObject(profileOf('groq'));
    expect(catalog.providers.get('b')).toMatchObject(profileOf('generic'));
    expect(catalog.providers.get('c')).toMatchObject(profileOf('google'));
    expect(catalog.providers.get('d')).toMatchObject({ ...profileOf('mistral'), toolCallIds: 'kept' });
  });

  it('names a header for conversations that the gateway does not set itself, or none', () => {
    const { catalog } = read(`providers:
      - {id: a, type: openai, base_url: 'https://api.x.ai/v1', affinity_header: none}
      - {id: b, type: openai, base_url: 'https://api.x.ai/v1'}`);
    expect(catalog.providers.get('a')?.affinityHeader).toBeUndefined();
    expect(catalog.providers.get('b')?.affinityHeader).toBe('x-grok-conv-id');
    for (const name of ['Authorization', 'content-type', 'a b'])
      expect(problemsOf(`providers: [{id: a, type: openai, affinity_header: ${name}}]`)).toEqual([
        'providers[0].affinity_header: must be the name of a header that the gateway does not set, or none',
      ]);
  });

  it('is one that is known, and leaves out nothing without which there is no call', () => {
    expect(PROFILE_NAMES).toContain('mistral');
    expect(
      problemsOf('providers: [{id: a, type: openai, profile: nobody, omit_fields: [messages]}]'),
    ).toEqual([
      expect.stringContaining('providers[0].profile: must be one of generic, openai'),
      expect.stringContaining('providers[0].omit_fields[0]: must be the name of a request field'),
    ]);
  });
});

describe('the proxy of a provider', () => {
  const environment = {
    HTTP_PROXY: 'http://plain.example:3128',
    https_proxy: 'secure.example:3129',
    HTTPS_PROXY: 'http://not-this-one.example',
    NO_PROXY: 'direct.example, .inner.example *.star.example 10.0.0.0/8,port.example:8080,fd00::/8,[fd10::1]',
  };
  const plain = 'http://plain.example:3128/';

  it.each([
    ['http://up.example/v1', plain],
    ['https://up.example/v1', 'http://secure.example:3129/'],
    ['http://direct.example/v1', undefined],
    ['http://below.direct.example/v1', undefined],
    ['http://indirect.example/v1', plain],
    ['http://inner.example', undefined],
    ['http://a.b.inner.example', undefined],
    ['http://star.example', undefined],
    ['http://127.0.0.1:9/v1', undefined],
    ['http://127.0.0.2:9/v1', undefined],
    ['http://127.1:9/v1', undefined],
    ['https://127.255.255.254/v1', undefined],
    ['http://localhost:11434/v1', undefined],
    ['https://LocalHost./v1', undefined],
    ['http://ollama.localhost/v1', undefined],
    ['http://notlocalhost/v1', plain],
    ['http://localhost.example/v1', plain],
    ['http://127.0.0.1.example/v1', plain],
    ['http://128.0.0.1/v1', plain],
    ['http://[::2]/v1', plain],
    ['http://[::ffff:127.0.0.1]/v1', undefined],
    ['http://10.1.2.3/v1', undefined],
    ['http://11.1.2.3/v1', plain],
    ['http://port.example:8080/v1', undefined],
    ['http://port.example/v1', plain],
    ['http://[fd00::1]/v1', undefined],
    ['http://[::1]/v1', undefined],
    ['http://[fe80::1]/v1', plain],
  ])('to %s is %s', (baseUrl, proxy) => {
    expect(proxyFor(baseUrl, readProxies(environment))).toBe(proxy);
  });

  it('is none at all with a star', () => {
    expect(proxyFor('http://up.example', readProxies({ ...environment, NO_PROXY: '*' }))).toBeUndefined();
  });

  it('comes from the environment, unless the provider has its own or wants none', () => {
    const { catalog } = read(
      `providers:
        - {id: a, type: openai, base_url: 'http://up.example'}
        - {id: b, type: openai, base_url: 'http://up.example', proxy: none}
        - {id: c, type: openai, base_url: 'http://direct.example', proxy: 'https://own.example'}
        - {id: d, type: openai, base_url: 'http://localhost:8000', proxy: 'https://own.example'}
        - {id: e, type: openai, base_url: 'http://localhost:8000'}`,
      environment,
    );
    expect(['a', 'b', 'c', 'd', 'e'].map((id) => catalog.providers.get(id)?.proxy)).toEqual([
      plain,
      undefined,
      'https://own.example/',
      'https://own.example/',
      undefined,
    ]);
  });

  it.each([
    'socks5://proxy.example:1080',
    'http://proxy.example/path',
    'http://me:100%@proxy.example',
    'http://',
  ])('is not %s', (HTTP_PROXY) => {
    expect(readEnvironment({ HTTP_PROXY }).problems).toEqual([expect.stringMatching(/^HTTP_PROXY: must be/)]);
    expect(readEnvironment({ http_proxy: HTTP_PROXY }).problems).toHaveLength(1);
    expect(problemsOf(`providers: [{id: a, type: openai, proxy: '${HTTP_PROXY}'}]`)).toHaveLength(1);
  });
});
