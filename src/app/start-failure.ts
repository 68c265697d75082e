import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import type { INestApplication } from '@nestjs/common';
import type { ListenConfig } from '../base/config.js';
import { StartError } from '../base/errors/start-error.js';

const REASONS: Readonly<Record<string, string>> = {
  EADDRINUSE: 'another program is already listening there',
  EACCES: 'this user may not listen there',
  EADDRNOTAVAIL: 'this machine has no such address',
  ENOTFOUND: 'there is no such host',
};

/** @throws StartError when the address is taken, forbidden or not this machine's */
export async function listen(app: INestApplication, address: ListenConfig): Promise<void> {
  await inWords(address, () => app.listen(address.port, address.host));
}

/**
 * Rejects an unusable address before a database is made or migrated for a gateway that could not serve.
 * @returns the port: that of the address, or a free one where that is 0
 * @throws as `listen`
 */
export async function requireUsableAddress(address: ListenConfig): Promise<number> {
  const server = createServer();
  await inWords(address, () => once(server.listen(address.port, address.host), 'listening'));
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

async function inWords({ host, port }: ListenConfig, tryToListen: () => Promise<unknown>): Promise<void> {
  try {
    await tryToListen();
  } catch (failure) {
    const reason = REASONS[(failure as NodeJS.ErrnoException).code ?? ''];
    if (reason === undefined) throw failure;
    throw new StartError(`HOST, PORT: ${host}:${port} cannot be used: ${reason}. Choose another PORT.`);
  }
}

/** The text to print when a start failed: a message if the operator can fix the cause, else the stack. */
export function wordsFor(failure: unknown): string {
  if (!(failure instanceof Error)) return String(failure);
  if (!(failure instanceof StartError)) return failure.stack ?? failure.message;
  return failure.cause instanceof Error ? `${failure.message} (${failure.cause.message})` : failure.message;
}
