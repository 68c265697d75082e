import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { stringify } from 'yaml';
import { slipstream, type CommandResult } from '../../support/command-line.js';
import { compileProject } from '../../support/compiled.js';
import { removeDirectory, scratchDirectory } from '../../support/gateway-process.js';
import { startScriptedUpstream, type ScriptedUpstream } from '../../support/scripted-upstream.js';

const API_KEY = 'sk-secret-of-the-provider';

let upstream: ScriptedUpstream;
let directory: string;

beforeAll(async () => {
  await compileProject();
  upstream = await startScriptedUpstream();
  directory = await scratchDirectory();
});
beforeEach(() => upstream.reset());
afterAll(async () => {
  await upstream.close();
  await removeDirectory(directory);
});

/** @param names upstream names of the models that are offered */
async function check(...names: readonly string[]): Promise<CommandResult> {
  const provider = { id: 'main', type: 'openai', base_url: upstream.url, api_key: API_KEY };
  const models = names.map((model, index) => ({
    ...{ id: `model-${index}`, targets: [{ provider: 'main', model }], pricing: 'free' },
    ...{ context_window: 1_000, max_output_tokens: 100 },
  }));
  await writeFile(join(directory, 'gateway.yaml'), stringify({ providers: [provider], models }));
  return slipstream(['check-models'], { directory });
}

function list(...names: readonly string[]): void {
  upstream.always((exchange) => exchange.json({ data: names.map((id) => ({ id })) }));
}

describe('slipstream check-models', () => {
  it('finds what is offered among what the provider lists, by the name of a version as well', async () => {
    list('large', 'small-2026-11-20', 'tiny-20261120', 'more');
    expect(await check('large', 'small', 'tiny')).toEqual({
      status: 0,
      stdout: 'main: lists 4 models, 3 of the 3 that are offered from it\n',
      stderr: '',
    });
  });

  it('names what the provider has no more', async () => {
    list('large', 'small-preview');
    expect(await check('large', 'small')).toEqual({
      status: 1,
      stdout: 'main: lists 2 models, 1 of the 2 that are offered from it\nmain: does not list small\n',
      stderr: '',
    });
  });

  it('says which provider could not be asked, and nothing of its key', async () => {
    upstream.always((exchange) => exchange.json({ error: { message: `${API_KEY} is wrong` } }, 401));
    const { status, stdout, stderr } = await check('large');
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
    expect(stderr).toMatch(/^main: could not be asked: .+\n$/);
    expect(stderr).not.toContain('secret');
  });

  it('asks nobody where only the sandbox is offered', async () => {
    await writeFile(join(directory, 'gateway.yaml'), stringify({ providers: [], models: [] }));
    expect(await slipstream(['check-models'], { directory })).toEqual({
      status: 0,
      stdout: 'No provider here lists models.\n',
      stderr: '',
    });
  });
});
