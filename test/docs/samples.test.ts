import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { ADMIN_TOKEN, TestGateway } from '../support/gateway.js';
import { codeBlocks, documents, page } from './markdown.js';

const readme = page('README.md');

interface Call {
  readonly path: string;
  readonly body: string;
}

/** Every curl line with a body, in all that users read: what it calls, and with what. */
const calls: readonly Call[] = [...documents().values()]
  .flatMap((text) => codeBlocks(text, 'sh'))
  .flatMap((block) => [...block.matchAll(/^curl [^']*?http:\/\/[^/\s]+(\/\S+)[^']*-d '([^']+)'/gm)])
  .map(([, path = '', body = '']) => ({ path, body }));

describe('the calls of the documents', () => {
  let gateway: TestGateway;
  let key: string;

  beforeAll(async () => {
    gateway = await TestGateway.start();
    ({ key } = await gateway.createKey({ account: 'default' }));
  });
  afterAll(() => gateway.close());

  async function send({ path, body }: Call): Promise<string> {
    const token = path.startsWith('/admin/') ? ADMIN_TOKEN : key;
    const headers = { authorization: `Bearer ${token}` };
    const response = await fetch(gateway.url + path, { method: 'POST', headers, body });
    expect({ path, ok: response.ok }).toEqual({ path, ok: true });
    return response.text();
  }

  it('are eight, and all of them work', async () => {
    expect(calls).toHaveLength(8);
    for (const call of calls) await send(call);
  });

  it('stream what the README shows, receipt included', async () => {
    const call = callTo('/v1/chat/completions');
    const shown = framesOf(codeBlocks(readme, 'text')[0]);
    const sent = framesOf(await send(call));
    const left = shown.findIndex((frame) => frame.startsWith('…'));
    expect(shown[left]).toBe('… six more chunks …');
    expect(sent.slice(0, left)).toEqual(shown.slice(0, left));
    expect(sent.slice(left + 6)).toEqual(shown.slice(left + 1));
  });

  it('answer on the external surface with what the README shows', async () => {
    const sent = await send(callTo('/external/v1/chat/completions'));
    const shown: unknown = JSON.parse(withoutChance(codeBlocks(readme, 'json')[0]));
    expect(JSON.parse(withoutChance(sent))).toEqual(shown);
  });
});

function callTo(path: string): Call {
  const call = calls.find((candidate) => candidate.path === path);
  if (!call) throw new Error(`nothing calls ${path}`);
  return call;
}

function framesOf(text: string | undefined): readonly string[] {
  return withoutChance(text).trim().split('\n\n');
}

/** Ids, times and signatures differ from call to call. */
function withoutChance(text = ''): string {
  return text
    .replaceAll(/\b(resp|rct|req)_[0-9a-z]{32}\b/g, '$1')
    .replaceAll(/("created"|"settledAt"):\s*\d+/g, '$1:0')
    .replaceAll(/("signature"):"eyJ[^"]+"/g, '$1:""');
}
