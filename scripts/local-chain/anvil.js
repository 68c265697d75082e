// @ts-check
/** Foundry's development chain, whose binary comes in a package for each platform. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const require = createRequire(import.meta.url);
const START_TIMEOUT_MS = 30_000;

/** @returns {string | undefined} undefined: there is none for this platform, or its package is not installed */
export function anvilBinary() {
  const system = process.platform;
  const architecture = process.arch === 'x64' ? 'amd64' : process.arch;
  try {
    const ofAnvil = createRequire(require.resolve('@foundry-rs/anvil/package.json'));
    const home = dirname(ofAnvil.resolve(`@foundry-rs/anvil-${system}-${architecture}/package.json`));
    const binary = join(home, 'bin', system === 'win32' ? 'anvil.exe' : 'anvil');
    return existsSync(binary) ? binary : undefined;
  } catch {
    return undefined;
  }
}

/**
 * On a free port of the loopback interface. It keeps no process alive, and ends with this one.
 * @param {string} binary
 * @param {readonly string[]} options of anvil
 * @returns {Promise<{ rpcUrl: string, stop: () => Promise<void> }>}
 */
export async function startAnvil(binary, options) {
  const keeper = spawn(
    process.execPath,
    [
      fileURLToPath(new URL('keep-anvil.js', import.meta.url)),
      binary,
      ...['--port', '0', '--accounts', '0'],
      ...options,
    ],
    // In a process group of its own, since a Ctrl-C is not meant for it.
    { stdio: ['pipe', 'pipe', 'inherit'], detached: true },
  );
  const ended = once(keeper, 'exit');
  const stop = async () => {
    keeper.ref();
    keeper.stdin.destroy();
    await ended;
  };
  const address = await Promise.race([
    once(createInterface(keeper.stdout), 'line', { signal: AbortSignal.timeout(START_TIMEOUT_MS) }),
    ended.then(([code]) => Promise.reject(new Error(`anvil ended with ${code}`))),
  ]).catch(async (error) => {
    await stop();
    throw error;
  });
  keeper.unref();
  for (const stream of [keeper.stdin, keeper.stdout])
    /** @type {import('node:net').Socket} */ (stream).unref();
  return { rpcUrl: `http://${address[0]}`, stop };
}
