import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { GatewayProcess, removeDirectory, scratchDirectory } from '../support/gateway-process.js';
import { ADMIN_TOKEN } from '../support/gateway.js';
import { CLIENT_TIMEOUT_MS, InstalledClient, nodeOf } from './installed-client.js';
import { SANDBOX_AS_GPT } from './sandbox-as-gpt.js';

describe.each([22, 24] as const)('the gateway on Node %s, with its own database', (major) => {
  let directory: string;
  let gateway: GatewayProcess;

  beforeAll(async () => {
    directory = await scratchDirectory();
    gateway = await GatewayProcess.start({
      directory,
      node: join(await nodeOf(major), 'node'),
      environment: { PORT: '0', ADMIN_TOKEN },
      file: SANDBOX_AS_GPT,
    });
  }, CLIENT_TIMEOUT_MS);
  afterAll(async () => {
    await gateway.stop();
    await GatewayProcess.endAll();
    await removeDirectory(directory);
  });

  it.each(['agents', 'anthropic', 'langchain', 'openai', 'vercel'] as const)(
    'serves the newest version of %s on the same Node',
    async (name) => {
      const { key } = await gateway.client.createKey({ budget_limit: '100000000' });
      const sdk = await InstalledClient.install(name, major);
      const seen = await sdk.runModule(join('test', 'clients', 'programs', `${name}.js`), {
        MODEL: 'gpt-5.5',
        OPENAI_API_KEY: key,
        OPENAI_BASE_URL: `${gateway.url}/external/v1`,
      });
      await sdk.remove();
      const { streamed, tools } = seen as { streamed: readonly string[]; tools: readonly string[] };
      expect(new Set(streamed)).toEqual(
        new Set(['This is the sandbox assistant. You wrote: Weather in Oslo?']),
      );
      expect(new Set(tools)).toEqual(new Set(['The tools answered: 21 C in sandbox']));
    },
    CLIENT_TIMEOUT_MS,
  );
});
