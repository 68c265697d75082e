import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { brotliCompressSync, gzipSync } from 'node:zlib';
import { Logger } from '@nestjs/common';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { Catalog } from '../../src/catalog/catalog.service.js';
import { entryIdOf } from '../../src/catalog/model.js';
import type { CatalogSnapshot } from '../../src/catalog/catalog.js';
import { catalogueFromKeys } from '../../src/config/default-catalogue.js';
import { EnvironmentVariables } from '../../src/config/environment/environment-variables.js';
import { DIALECTS } from '../../src/providers/dialects.js';
import { ModelDiscovery } from '../../src/providers/discovery/model-discovery.js';
import { until } from '../support/until.js';
import { read } from '../config/gateway-file-text.js';
import { cleanUpDirectories } from '../config/temporary-directory.js';

cleanUpDirectories();

let server: Server;
let answer: (response: ServerResponse) => void;
let asked: { readonly path: string; readonly authorization: string | undefined }[];
let lines: string[];
let discovery: ModelDiscovery | undefined;

beforeEach(async () => {
  asked = [];
  lines = [];
  answer = (response) => response.end('{"data":[]}');
  server = createServer((request, response) => {
    asked.push({ path: request.url ?? '', authorization: request.headers.authorization });
    answer(response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const keep = (message: unknown): number => lines.push(String(message));
  Logger.overrideLogger({ log: keep, warn: keep, error: keep, debug: () => undefined });
});

afterEach(async () => {
  discovery?.onApplicationShutdown();
  Logger.overrideLogger(false);
  server.closeAllConnections();
  if (server.listening) await new Promise((resolve) => server.close(resolve));
});

function url(): string {
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

function lists(...data: readonly object[]): void {
  answer = (response) => response.end(JSON.stringify({ object: 'list', data }));
}

async function discover(snapshot: CatalogSnapshot): Promise<Catalog> {
  const catalog = new Catalog(snapshot);
  discovery = new ModelDiscovery(catalog);
  await discovery.onApplicationBootstrap();
  return catalog;
}

function fileWith(settings: string, models = '[]'): CatalogSnapshot {
  return read(
    `providers: [{id: up, type: openai, base_url: "${url()}/v1", api_key: sk-hidden, discover: {${settings}}}]\nmodels: ${models}\nsandbox: false\n`,
  ).catalog;
}

function fromEnvironment(variables: Partial<EnvironmentVariables>): CatalogSnapshot {
  return catalogueFromKeys(Object.assign(new EnvironmentVariables(), variables), DIALECTS);
}

const ids = (catalog: Catalog) => catalog.list().map(({ id }) => id);

describe('a provider with discover', () => {
  const CARDS: readonly (readonly [string, object, { window: number; output?: number } | undefined])[] = [
    ['vLLM', { id: 'm', max_model_len: 32_768 }, { window: 32_768 }],
    ['llama.cpp', { id: 'm', meta: { n_ctx: 8_192, n_ctx_train: 131_072 } }, { window: 8_192 }],
    ['an older llama.cpp', { id: 'm', meta: { n_ctx_train: 40_960 } }, { window: 40_960 }],
    ['Ollama', { id: 'm', owned_by: 'library' }, { window: 131_072 }],
    ['LM Studio', { id: 'm', type: 'llm', max_context_length: 65_536 }, { window: 65_536 }],
    [
      'OpenRouter',
      {
        id: 'm',
        context_length: 163_840,
        top_provider: { context_length: 64_000, max_completion_tokens: 8_000 },
        architecture: { output_modalities: ['text'] },
      },
      { window: 64_000, output: 8_000 },
    ],
    [
      'Groq',
      { id: 'm', context_window: 131_000, max_completion_tokens: 32_000 },
      { window: 131_000, output: 32_000 },
    ],
    [
      'nonsense',
      { id: 'm', max_model_len: -1, context_length: 1e300, context_window: '9' },
      { window: 131_072 },
    ],
    ['images', { id: 'm', architecture: { output_modalities: ['image'] } }, undefined],
    ['what does not chat at Mistral', { id: 'm', capabilities: { completion_chat: false } }, undefined],
    ['a name that is no public id', { id: 'C:\\models\\m.gguf' }, undefined],
    ['a name of the sandbox', { id: 'sandbox/echo' }, undefined],
    ['no name', { object: 'model' }, undefined],
  ];

  it('lists with another key where one is refused', async () => {
    const { catalog: file } = read(
      `providers: [{id: up, type: openai, base_url: "${url()}/v1", api_keys: [sk-first, sk-second], discover: {pricing: free}}]`,
    );
    answer = (response) => {
      if (asked.at(-1)?.authorization === 'Bearer sk-first') response.writeHead(401).end();
      else response.end('{"data":[{"id":"m"}]}');
    };
    expect((await discover(file)).get('m')).toBeDefined();
    expect(asked.map(({ authorization }) => authorization)).toEqual(['Bearer sk-first', 'Bearer sk-second']);
  });

  it.each(CARDS)('reads the card of %s', async (_, card, expected) => {
    lists(card);
    const catalog = await discover(fileWith('pricing: free'));
    expect(ids(catalog)).toEqual(expected ? ['m'] : []);
    expect(asked).toEqual([{ path: '/v1/models', authorization: 'Bearer sk-hidden' }]);
    if (!expected) return;
    const { window, output = window } = expected;
    expect(catalog.get('m')).toMatchObject({
      contextWindow: window,
      maxOutputTokens: output,
      pricing: 'free',
    });
  });

  it('offers what the file includes under its prefix, behind the models of the file', async () => {
    lists({ id: 'llama3.2:3b' }, { id: 'qwen3:8b' }, { id: 'nomic-embed' }, { id: 'qwen3:mine' });
    const own = `[{id: "ollama/qwen3:mine", targets: [{provider: up, model: other}], context_window: 10, max_output_tokens: 5, pricing: {input: 1, output: 1}},
      {id: named, aliases: ["ollama/qwen3:8b"], targets: [{provider: up, model: n}], context_window: 10, max_output_tokens: 5, pricing: free}]`;
    const catalog = await discover(
      fileWith('prefix: ollama/, include: ["llama*", "*:*"], pricing: free', own),
    );
    expect(ids(catalog)).toEqual(['ollama/qwen3:mine', 'named', 'ollama/llama3.2:3b']);
    expect(catalog.get('ollama/llama3.2:3b')).toMatchObject({
      targets: [{ upstreamModel: 'llama3.2:3b' }],
      ownedBy: 'up',
    });
    expect(catalog.get('ollama/qwen3:8b')?.id).toBe('named');
    expect(catalog.get('ollama/qwen3:mine')?.pricing).not.toBe('free');
  });

  it.each<[string, (text: string) => Buffer]>([
    ['gzip', gzipSync],
    ['br', brotliCompressSync],
    ['identity', (text) => Buffer.from(`\uFEFF${text}`)],
  ])('reads a list that is packed by %s', async (coding, pack) => {
    const body = pack(JSON.stringify({ data: [{ id: 'm' }] }));
    answer = (response) => response.writeHead(200, { 'content-encoding': coding }).end(body);
    expect(ids(await discover(fileWith('pricing: free')))).toEqual(['m']);
  });

  it('leaves to the patterns of the file what they are for, by an id or an alias', async () => {
    lists({ id: 'a/1' }, { id: 'b/1' }, { id: 'c' });
    const limits = 'context_window: 10, max_output_tokens: 5, pricing: {input: 1, output: 1}';
    const catalog = await discover(
      fileWith(
        'pricing: free',
        `[{id: "a/*", targets: [{provider: up, model: "*"}], ${limits}},
          {id: named, aliases: ["b/*"], targets: [{provider: up, model: n}], ${limits}}]`,
      ),
    );
    expect(ids(catalog)).toEqual(['named', 'c']);
    for (const [name, entry] of [
      ['a/1', 'a/*'],
      ['b/1', 'named'],
      ['c', 'c'],
    ] as const) {
      const model = catalog.get(name);
      expect(model && entryIdOf(model)).toBe(entry);
      expect(model?.pricing === 'free').toBe(name === 'c');
    }
  });

  it('offers nothing whose price nobody has said, and says so', async () => {
    lists(
      { id: 'gpt-5.5', max_model_len: 100_000 },
      { id: 'llama3.2:3b' },
      { id: 'models/gemini-3.5-flash-lite' },
    );
    const catalog = await discover(fileWith(''));
    expect(ids(catalog)).toEqual(['gpt-5.5', 'models/gemini-3.5-flash-lite']);
    expect(catalog.get('gpt-5.5')).toMatchObject({
      contextWindow: 100_000,
      maxOutputTokens: 100_000,
      defaultOutputTokens: 16_000,
    });
    expect(lines.join()).toContain(
      '1 are left out, since the built-in catalogue has no price for them: llama3.2:3b',
    );
  });

  it('limits a priced model whose limits nobody knows by its default', async () => {
    lists({ id: 'a' }, { id: 'b', max_model_len: 4_096 });
    const catalog = await discover(fileWith('pricing: {input: 1, output: 2}'));
    expect(catalog.get('a')).toMatchObject({ maxOutputTokens: 131_072, defaultOutputTokens: 16_000 });
    expect(catalog.get('b')).toMatchObject({ maxOutputTokens: 4_096, defaultOutputTokens: 1_024 });
  });

  it('is bounded in what it takes: a long list, a huge one, no list', async () => {
    lists(...Array.from({ length: 2_500 }, (_, index) => ({ id: `m${index}` })));
    expect(ids(await discover(fileWith('pricing: free')))).toHaveLength(2_000);
    discovery?.onApplicationShutdown();
    answer = (response) => response.end(`{"data":[],"x":"${'x'.repeat(9_000_000)}"}`);
    expect(ids(await discover(fileWith('pricing: free')))).toEqual([]);
    discovery?.onApplicationShutdown();
    answer = (response) => response.end('<html>secret</html>');
    expect(ids(await discover(fileWith('pricing: free')))).toEqual([]);
    expect(lines.slice(1).every((line) => line.includes('does not list its models'))).toBe(true);
    expect(lines.join()).not.toMatch(/secret|sk-hidden/);
  });

  it('keeps its last list while the provider fails, and takes over what it lists then', async () => {
    lists({ id: 'before' });
    const catalog = await discover(fileWith('pricing: free, refresh_ms: 1000'));
    answer = (response) => response.writeHead(500).end('{"error":"secret"}');
    await until(() => lines.some((line) => line.includes('Its last list stays')));
    expect(ids(catalog)).toEqual(['before']);
    lists({ id: 'after' });
    await until(() => ids(catalog).includes('after'));
    expect(ids(catalog)).toEqual(['after']);
  });

  it('does not keep the start waiting for a provider that says nothing', async () => {
    answer = () => undefined;
    expect(ids(await discover(fileWith('pricing: free')))).toEqual([]);
    // It is still being asked: its silence has not become a failure.
    expect([asked.length, lines]).toEqual([1, []]);
  });

  it('keeps its models through a reload of the file, on the new settings, and drops those of one that is gone', async () => {
    lists({ id: 'found' });
    const catalog = await discover(fileWith('pricing: free'));
    answer = () => undefined;
    const reloaded = fileWith('pricing: free, prefix: new/');
    expect(catalog.replace(reloaded)).toBe(true);
    expect(ids(catalog)).toEqual(['new/found']);
    const [target] = catalog.get('new/found')?.targets ?? [];
    expect(target?.provider).toBe(reloaded.providers.get('up'));
    expect(catalog.replace({ providers: new Map(), models: new Map() })).toBe(true);
    expect(ids(catalog)).toEqual([]);
  });
});

describe('OPENAI_BASE_URL', () => {
  it.each(['', '/', '/v1', '/v1//'])(
    'alone offers all that is there, free: with %j behind the address',
    async (path) => {
      lists({ id: 'llama3.2:3b' }, { id: 'gpt-5.5' });
      const catalog = await discover(fromEnvironment({ OPENAI_BASE_URL: url() + path }));
      expect(asked).toEqual([{ path: '/v1/models', authorization: undefined }]);
      expect(catalog.list().map(({ id, pricing }) => [id, pricing])).toEqual([
        ['llama3.2:3b', 'free'],
        ['gpt-5.5', 'free'],
      ]);
      expect(lines).toEqual([`The provider local (${url()}/v1) offers 2 models: llama3.2:3b, gpt-5.5.`]);
    },
  );

  it('alone, with nobody there, says so and goes on asking', async () => {
    const nobody = url();
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
    const catalog = await discover(fromEnvironment({ OPENAI_BASE_URL: nobody }));
    expect(lines).toEqual([
      `The provider local (${nobody}/v1) does not list its models: nothing answers there. It offers no models yet; it is asked again.`,
    ]);
    lists({ id: 'late' });
    await new Promise<void>((resolve) => server.listen(Number(new URL(nobody).port), '127.0.0.1', resolve));
    await until(() => ids(catalog).includes('late'));
  });

  it('with a key offers what has a built-in price, and nothing for nothing', async () => {
    lists({ id: 'claude-sonnet-5-5' }, { id: 'llama3.2:3b' }, { id: 'gpt-5.5' });
    const catalog = await discover(fromEnvironment({ OPENAI_BASE_URL: url(), OPENAI_API_KEY: 'sk-hidden' }));
    expect(ids(catalog)).toContain('claude-sonnet-5-5');
    expect(ids(catalog)).not.toContain('llama3.2:3b');
    expect(catalog.list().filter(({ pricing }) => pricing === 'free')).toEqual([]);
  });

  it('that is OpenAI itself is asked for nothing', () => {
    const [provider] = fromEnvironment({
      OPENAI_BASE_URL: 'https://api.openai.com/v1/',
      OPENAI_API_KEY: 'a',
    }).providers.values();
    expect(provider).toMatchObject({ id: 'openai', baseUrl: 'https://api.openai.com/v1' });
    expect(provider?.discover).toBeUndefined();
  });
});
