import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { JsonObject } from '../../../src/base/json.js';
import { compileProject } from '../../support/compiled.js';
import { GatewayClient } from '../../support/gateway-client.js';
import { removeDirectory, scratchDirectory } from '../../support/gateway-process.js';
import { fileFor, TestGateway } from '../../support/gateway.js';
import { ResponsesClient } from '../../support/responses-client.js';
import { startScriptedUpstream, type ScriptedUpstream } from '../../support/scripted-upstream.js';

interface Ended {
  readonly status: number;
  readonly output: string;
  readonly errors: string;
}

interface Completion {
  readonly id: string;
  readonly compose_receipt: JsonObject & { readonly line_items: readonly JsonObject[] };
}

let upstream: ScriptedUpstream;
let gateway: TestGateway;
let directory: string;
let keysUrl: string;
let keysFile: string;
let key: string;
let response: Response;
let body: Completion;

beforeAll(async () => {
  upstream = await startScriptedUpstream();
  gateway = await TestGateway.start({ file: fileFor(upstream.url) });
  directory = await scratchDirectory();
  key = (await gateway.createKey()).key;
  keysUrl = `${gateway.url}/.well-known/jwks.json`;
  keysFile = join(directory, 'jwks.json');
  await writeFile(keysFile, await (await fetch(keysUrl)).text());
  response = await gateway.chat(key);
  body = (await response.json()) as Completion;
});
afterAll(async () => {
  await gateway.close();
  await upstream.close();
  await removeDirectory(directory);
});

async function slipstream(words: readonly string[], input = ''): Promise<Ended> {
  const program = join(await compileProject(), 'app', 'cli', 'slipstream.js');
  const child = spawn(process.execPath, [program, ...words], { cwd: directory });
  child.stdin.end(input);
  const [output, errors, [status]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, 'close') as Promise<[number]>,
  ]);
  return { status, output, errors };
}

async function verdictOn(receipt: unknown): Promise<Ended> {
  const path = join(directory, 'receipt.json');
  await writeFile(path, typeof receipt === 'string' ? receipt : JSON.stringify(receipt));
  return slipstream(['verify', path, '--keys', keysFile]);
}

function expectGenuine({ status, output, errors }: Ended, id: unknown = body.compose_receipt['id']): void {
  expect({ status, errors }).toEqual({ status: 0, errors: '' });
  expect(output).toMatch(/^genuine\n/);
  const shown = JSON.parse(output.replace(/^genuine\n/, '')) as JsonObject;
  expect(shown).toMatchObject({ id, type: 'compose.receipt' });
  expect(shown).not.toHaveProperty('signature');
}

describe('slipstream verify', () => {
  it('takes a receipt from a file, and keys from a file or a gateway', async () => {
    expectGenuine(await verdictOn(body.compose_receipt));
    const path = join(directory, 'receipt.json');
    expectGenuine(await slipstream(['verify', path, '--keys', keysUrl]));
  });

  it('takes what the header holds, as a word or as text', async () => {
    const header = response.headers.get('x-compose-receipt') ?? '';
    expectGenuine(await slipstream(['verify', '--keys', keysFile, header]));
    expectGenuine(await slipstream(['verify', '--keys', keysFile], `${header}\n`));
    expectGenuine(await verdictOn(header));
  });

  it('takes a whole answer from standard input: a completion, a Response, a stream', async () => {
    expectGenuine(await slipstream(['verify', '--keys', keysFile, '-'], JSON.stringify(body)));
    const responses = new ResponsesClient(gateway.url, key, '/v1');
    const created = await responses.created();
    const { id } = created.compose_receipt as JsonObject;
    expectGenuine(await slipstream(['verify', '--keys', keysFile], JSON.stringify(created)), id);
    const stream = await new GatewayClient(gateway.url).stream(key);
    await stream.ended;
    expectGenuine(
      await slipstream(['verify', '--keys', keysFile], stream.text),
      expect.stringMatching(/^rct_/),
    );
  });

  it.each([
    ['a changed amount', () => ({ ...body.compose_receipt, final_amount_wei: '1' }), 'says something else'],
    [
      'a changed line',
      () => ({
        ...body.compose_receipt,
        line_items: body.compose_receipt.line_items.map((item) => ({ ...item, quantity: 1 })),
      }),
      'says something else',
    ],
    ['a changed network', () => ({ ...body.compose_receipt, network: 'eip155:1' }), 'says something else'],
    ['a field more', () => ({ ...body.compose_receipt, tx_hash: '0x00' }), 'says something else'],
    ['a field less', () => ({ ...body.compose_receipt, account: undefined }), 'says something else'],
    ['no signature', () => ({ ...body.compose_receipt, signature: undefined }), 'no signature'],
    ['no receipt at all', () => 'nonsense', 'no receipt'],
    ['a list', () => [body.compose_receipt], 'no receipt'],
  ])('refuses %s', async (_, forged, problem) => {
    const { status, output } = await verdictOn(forged());
    expect(status).toBe(1);
    expect(output).toMatch(/^not genuine: .+\n$/);
    expect(output).toContain(problem);
  });

  it('refuses a receipt of another gateway', async () => {
    const other = join(directory, 'other.json');
    await writeFile(other, JSON.stringify({ keys: [] }));
    const { status, output } = await slipstream(['verify', '--keys', other], JSON.stringify(body));
    expect({ status, output }).toEqual({
      status: 1,
      output: expect.stringMatching(/^not genuine: .+ is not in the key set\n$/) as unknown,
    });
  });

  it.each([
    ['no keys', ['verify'], '--keys is missing'],
    ['an option that it does not have', ['verify', '--kyes', 'a'], '--kyes'],
    ['two receipts', ['verify', 'a', 'b', '--keys', 'c'], 'one receipt at a time'],
    ['a file that is not there', ['verify', 'missing.json', '--keys', 'jwks.json'], 'missing.json'],
    ['keys that are not there', ['verify', '-', '--keys', 'http://127.0.0.1:1/jwks.json'], 'cannot be read'],
    ['a page that is not there', ['verify', '-', '--keys', 'URL/nothing'], 'status 404'],
    ['keys that are none', ['verify', '-', '--keys', '/dev/null'], 'no JSON Web Key Set'],
    ['a command that it does not have', ['nonsense'], 'npm run slipstream -- verify [RECEIPT] --keys KEYS'],
  ])('ends with 2 for %s', async (_, words, message) => {
    const asked = words.map((word) => word.replace('URL', gateway.url));
    const { status, output, errors } = await slipstream(asked, '{}');
    expect({ status, output }).toEqual({ status: 2, output: '' });
    expect(errors).toContain(message);
    expect(errors).not.toContain('    at ');
  });

  it('says how it is used', async () => {
    for (const words of [[], ['help'], ['verify', '--help']]) {
      const { status, output } = await slipstream(words);
      expect(status).toBe(0);
      expect(output).toContain('npm run slipstream -- verify [RECEIPT] --keys KEYS');
    }
  });

  it('is what the package offers as its program', async () => {
    const { bin } = JSON.parse(await readFile('package.json', 'utf8')) as { bin: string };
    expect(bin).toBe('dist/app/cli/slipstream.js');
    const program = await readFile(join(await compileProject(), 'app', 'cli', 'slipstream.js'), 'utf8');
    expect(program).toMatch(/^#!\/usr\/bin\/env node\n/);
  });
});
