import type { INestApplication } from '@nestjs/common';
import type { ListenConfig } from './config/config.js';
import { StartError } from './errors/start-error.js';

const REASONS: Readonly<Record<string, string>> = {
  EADDRINUSE: 'another program is already listening there',
  EACCES: 'this user may not listen there',
  EADDRNOTAVAIL: 'this machine has no such address',
  ENOTFOUND: 'there is no such host',
};

/** @throws StartError when the address is taken, forbidden or not this machine's. */
export async function listen(app: INestApplication, { host, port }: ListenConfig): Promise<void> {
  try {
    await app.listen(port, host);
  } catch (failure) {
    const reason = REASONS[(failure as NodeJS.ErrnoException).code ?? ''];
    if (reason === undefined) throw failure;
    throw new StartError(`HOST, PORT: ${host}:${port} cannot be used: ${reason}. Choose another PORT.`);
  }
}

/** What to print of a start that failed: in words where it is the operator's to mend, else with the stack. */
export function wordsFor(failure: unknown): string {
  if (!(failure instanceof Error)) return String(failure);
  if (!(failure instanceof StartError)) return failure.stack ?? failure.message;
  return failure.cause instanceof Error ? `${failure.message} (${failure.cause.message})` : failure.message;
}
