import { createServer } from 'node:net';
import { once } from 'node:events';
import { type BuiltImage } from './image-builder.js';
import { type Command, startCommand } from './run-command.js';
import { type UnprivilegedUser } from './unprivileged-user.js';

/** Starts the image's CMD, with variables that win over those of its ENV. */
export function runImage(
  image: BuiltImage,
  user: UnprivilegedUser,
  variables: Readonly<Record<string, string>>,
): Command {
  return run(image, image.command, user, variables);
}

/** Runs the image's HEALTHCHECK; resolves to its exit code. */
export async function checkHealth(
  image: BuiltImage,
  user: UnprivilegedUser,
  variables: Readonly<Record<string, string>>,
): Promise<number | null> {
  return run(image, image.healthCheck, user, variables).ended;
}

function run(
  image: BuiltImage,
  [program = '', ...parameters]: readonly string[],
  user: UnprivilegedUser,
  variables: Readonly<Record<string, string>>,
): Command {
  if (program !== 'node') throw new Error(`${program} is not in a slim image of Node`);
  return startCommand(process.execPath, parameters, {
    directory: image.directory,
    environment: { ...image.environment, ...variables },
    user,
    timeoutMs: 120_000,
  });
}

/** Asks until the URL answers 200. @throws Error with the program's output when it ends before, or after 100 s. */
export async function untilAnswering(url: string, program: Command): Promise<void> {
  const state = { ended: false };
  const end = program.ended.then(() => (state.ended = true));
  const until = Date.now() + 100_000;
  while (!state.ended && Date.now() < until) {
    const answered = await fetch(url).then(
      ({ ok }) => ok,
      () => false,
    );
    if (answered) return;
    await Promise.race([end, new Promise((resolve) => setTimeout(resolve, 50))]);
  }
  throw new Error(`${url} was never answered with 200:\n${program.output().slice(-3000)}`);
}

export async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const address = probe.address();
  probe.close();
  await once(probe, 'close');
  if (address === null || typeof address === 'string') throw new Error('no port');
  return address.port;
}
