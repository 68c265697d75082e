// @ts-check
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { Session } from 'node:inspector/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** @param {string} file of the build @returns {Promise<any>} */
const built = (file) => import(new URL(`../../dist/${file}.js`, import.meta.url).href);

/** The files of the build of which something runs in one streamed call on the native surface, by coverage. */
export async function filesOfACall() {
  const directory = mkdtempSync(join(tmpdir(), 'slipstream-house-'));
  // The database may run as another user, who has to get in.
  chmodSync(directory, 0o755);
  const gateway = await startGateway(directory);
  const session = new Session();
  session.connect();
  try {
    await session.post('Profiler.enable');
    await session.post('Profiler.startPreciseCoverage', { callCount: true, detailed: false });
    await gateway.call();
    await session.post('Profiler.takePreciseCoverage');
    await gateway.call();
    const { result } = await session.post('Profiler.takePreciseCoverage');
    const root = new URL('../../dist/', import.meta.url).href;
    const files = result
      .filter(({ url, functions }) => url.startsWith(root) && functions.some(hasRun))
      .map(({ url }) => url.slice(root.length).replace(/\.js$/, '.ts'));
    return { files: [...new Set(files)].sort() };
  } finally {
    session.disconnect();
    await gateway.stop();
    rmSync(directory, { recursive: true, force: true });
  }
}

/** @param {import('node:inspector').Profiler.FunctionCoverage} coverage */
const hasRun = ({ ranges }) => ranges.some(({ count }) => count > 0);

/** @param {string} directory */
async function startGateway(directory) {
  await import('reflect-metadata');
  const { createApplication } = await built('app/application');
  const { loadConfig } = await built('config/load-config');
  const { DIALECTS } = await built('providers/dialects');
  const { createLogger } = await built('app/logging/create-logger');
  const { KeysService } = await built('payments/keys/keys.service');
  const { shutDown } = await built('app/shutdown');
  const { applyMigrations } = await built('storage/migrations/apply-migrations');
  const { startDatabase } = await built('storage/start-database');
  const config = loadConfig(DIALECTS, { DATA_DIR: directory, PORT: '0', LOG_LEVEL: 'silent' }, directory);
  const log = { info: () => undefined, warn: () => undefined };
  const database = await startDatabase({ url: undefined, dataDir: directory, log });
  await applyMigrations(database.url);
  const app = await createApplication(
    config,
    database.url,
    createLogger(config.log, { write: () => undefined }),
  );
  await app.listen(0, '127.0.0.1');
  const key = await app.get(KeysService).createFirst();
  const url = (await app.getUrl()).replace('[::1]', '127.0.0.1');
  return {
    call: async () => {
      const answer = await fetch(`${url}/v1/chat/completions`, {
        method: 'POST',
        headers: { authorization: `Bearer ${key}` },
        body: JSON.stringify({
          model: 'sandbox/assistant',
          stream: true,
          messages: [{ role: 'user', content: 'Hello!' }],
        }),
      });
      if (!(await answer.text()).includes('compose.receipt'))
        throw new Error('the call did not end with a receipt');
    },
    stop: async () => {
      await shutDown(app, { graceMs: 0, hurry: AbortSignal.abort() });
      await database.stop();
    },
  };
}
