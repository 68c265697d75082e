import type { ServerResponse } from 'node:http';
import { ClientLeft } from '../http/client-left.js';

/** @returns a signal that is aborted when the client closes its connection before it was answered. */
export function whenLeft(response: ServerResponse): AbortSignal {
  const controller = new AbortController();
  response.once('close', () => {
    if (!response.writableFinished) controller.abort(new ClientLeft());
  });
  return controller.signal;
}
