import type { TestGateway } from './gateway.js';

/** Resolves when the gateway knows that the client of its next request is gone. */
export function closing({ server }: TestGateway): Promise<void> {
  return new Promise((resolve) => {
    server.once('request', (_request, response) => void response.once('close', resolve));
  });
}
