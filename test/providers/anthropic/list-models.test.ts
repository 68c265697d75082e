import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { JsonObject } from '../../../src/base/json.js';
import { listModels } from '../../../src/providers/anthropic/list-models.js';
import { UpstreamFailure } from '../../../src/providers/upstream-failure.js';
import { refusesMessage } from '../../support/messages-wire.js';
import {
  startScriptedUpstream,
  type Handler,
  type ScriptedUpstream,
} from '../../support/scripted-upstream.js';
import { settingsFor } from '../support.js';

let upstream: ScriptedUpstream;

beforeAll(async () => {
  upstream = await startScriptedUpstream();
});
beforeEach(() => upstream.reset());
afterAll(() => upstream.close());

const model = (id: string, more: JsonObject = {}): JsonObject => ({
  type: 'model',
  id,
  display_name: id,
  ...more,
});
const pageOf = (data: readonly unknown[], lastId: string | null = null): Handler => {
  const page = { data, has_more: lastId !== null, first_id: null, last_id: lastId };
  return (exchange) => exchange.json(page);
};
const list = () => listModels(settingsFor(upstream.url), new AbortController().signal);

describe("Anthropic's list of models", () => {
  it('is read page by page', async () => {
    const known = { max_input_tokens: 200_000, max_tokens: 64_000, created_at: '2025-10-01T00:00:00Z' };
    upstream.next(pageOf([model('claude-haiku-4-5', known), model('', known), 5], 'claude-haiku-4-5'));
    upstream.next(
      pageOf([model('claude/next', { max_input_tokens: -1, max_tokens: 'x', created_at: 'soon' })]),
    );
    expect(await list()).toEqual([
      { name: 'claude-haiku-4-5', contextWindow: 200_000, maxOutputTokens: 64_000, created: 1_759_276_800 },
      { name: 'claude/next' },
    ]);
    expect(upstream.requests.map(({ path, headers }) => [path, headers['x-api-key']])).toEqual([
      ['/v1/models?limit=1000', 'upstream-key'],
      ['/v1/models?limit=1000&after_id=claude-haiku-4-5', 'upstream-key'],
    ]);
  });

  it('ends, whatever its server says of more', async () => {
    upstream.always(pageOf([model('a')], 'a'));
    expect(await list()).toHaveLength(2);
    upstream.reset();
    let page = 0;
    upstream.always((exchange) => pageOf([model('a')], String((page += 1)))(exchange));
    expect(await list()).toHaveLength(20);
  });

  it.each<[string, Handler]>([
    ['a refusal', refusesMessage(401, 'invalid x-api-key', 'authentication_error')],
    ['something else', (exchange) => exchange.json({ models: [] })],
    ['no JSON', (exchange) => exchange.end('<html>')],
  ])('fails where there is %s', async (_name, handler) => {
    upstream.always(handler);
    await expect(list()).rejects.toBeInstanceOf(UpstreamFailure);
  });
});
