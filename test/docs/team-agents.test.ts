import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { readGatewayFile } from '../../src/config/gateway-file/read-gateway-file.js';
import { DIALECTS } from '../../src/providers/dialects.js';
import { ADMIN_TOKEN, TestGateway } from '../support/gateway.js';
import { MessagesClient } from '../support/messages-client.js';
import { codeBlocks, page } from './markdown.js';

const text = page('docs/team-agents.md');
const HERE = 'http://127.0.0.1:3000';

interface ClaudeSettings {
  readonly model: string;
  readonly env: Readonly<Record<string, string>>;
}

const settings = JSON.parse(codeBlocks(text, 'json')[0] ?? '') as ClaudeSettings;
const codex = new Map(
  [...(codeBlocks(text, 'toml')[0] ?? '').matchAll(/^(\w+) = "([^"]+)"$/gm)].map(
    ([, name = '', value = '']) => [name, value],
  ),
);
const asked = /-d '(\{"account"[^']+\})'/.exec(text)?.[1] ?? '';

describe('what docs/team-agents.md gives to paste', () => {
  let gateway: TestGateway;
  beforeAll(async () => {
    gateway = await TestGateway.start();
  });
  afterAll(() => gateway.close());

  const admin = (path: string, body?: string): Promise<Response> =>
    fetch(gateway.url + path, {
      method: body === undefined ? 'GET' : 'POST',
      headers: { authorization: `Bearer ${ADMIN_TOKEN}` },
      ...(body !== undefined && { body }),
    });

  it('names models that its gateway file has, and that its key may use', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'slipstream-team-'));
    const path = join(directory, 'gateway.yaml');
    await writeFile(path, codeBlocks(text, 'yaml')[0] ?? '');
    const keys = { ANTHROPIC_API_KEY: 'a', OPENAI_API_KEY: 'b' };
    const { catalog } = readGatewayFile(path, DIALECTS, keys);
    await rm(directory, { recursive: true });
    const { allowed_models: allowed } = JSON.parse(asked) as { allowed_models: readonly string[] };
    for (const model of [...allowed, settings.model, codex.get('model') ?? '']) {
      expect(allowed).toContain(model);
      expect([...catalog.models.keys()]).toContain(model);
    }
  });

  it('has addresses at which both agents are answered, and what they spent is shown', async () => {
    const open = JSON.stringify({ ...(JSON.parse(asked) as object), allowed_models: null });
    const { key } = (await (await admin('/admin/keys', open)).json()) as { key: string };
    const headers = { authorization: `Bearer ${key}` };
    const base = (settings.env['ANTHROPIC_BASE_URL'] ?? '').replace(HERE, gateway.url);
    const model = 'sandbox/assistant';
    expect((await new MessagesClient(base, headers).create({ model })).status).toBe(200);
    const address = (codex.get('openai_base_url') ?? '').replace(HERE, gateway.url);
    const body = JSON.stringify({ model, input: 'Hi' });
    expect((await fetch(`${address}/responses`, { method: 'POST', headers, body })).status).toBe(200);
    const [, path = ''] = /'http:\/\/127\.0\.0\.1:3000(\/admin\/usage[^']+)'/.exec(text) ?? [];
    const { data } = (await (await admin(path)).json()) as { data: readonly object[] };
    expect(data).toMatchObject([{ account: 'agents', model }]);
  });
});
