import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { TestGateway } from '../support/gateway.js';
import { codeBlocks, page } from './markdown.js';

const PAGES = ['README.md', 'docs/clients.md'];

const programs = PAGES.flatMap((path) =>
  codeBlocks(page(path), 'js').map((text) => ({ path, text, client: /from '([^']+)'/.exec(text)?.[1] })),
);

describe('the programs of the documents', () => {
  let gateway: TestGateway;
  let key: string;

  beforeAll(async () => {
    gateway = await TestGateway.start();
    ({ key } = await gateway.createKey());
  });
  afterAll(() => gateway.close());

  it('are there for each SDK', () => {
    expect(programs.map(({ client }) => client)).toEqual([
      'openai',
      '@ai-sdk/openai',
      '@openai/agents',
      '@langchain/openai',
      '@anthropic-ai/sdk',
      '@ai-sdk/anthropic',
      '@langchain/anthropic',
    ]);
  });

  it.each(programs)('print an answer: $path, $client', async ({ text }) => {
    const here = text.replaceAll('http://127.0.0.1:3000', gateway.url);
    const words = ['--input-type=module', '--eval', here];
    const { stdout } = await promisify(execFile)(process.execPath, words, {
      env: { ...process.env, COMPOSE_KEY: key, NODE_OPTIONS: '' },
    });
    expect(stdout).toContain('You wrote: Hello!');
  });
});
