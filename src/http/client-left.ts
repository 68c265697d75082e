import type { ServerResponse } from 'node:http';
import { isClientGone, onceClosed } from '../streaming/client-gone.js';

/** The client closed its connection before it got its answer, so no error is sent. */
export class ClientLeft extends Error {
  constructor() {
    super('The client closed the connection before its request was complete.');
    this.name = 'ClientLeft';
  }
}

/** @returns a signal that aborts with a ClientLeft when the client closes its connection before its answer */
export function whenLeft(response: ServerResponse): AbortSignal {
  const controller = new AbortController();
  const leave = (): void => controller.abort(new ClientLeft());
  if (isClientGone(response)) {
    leave();
    return controller.signal;
  }
  const stopListening = onceClosed(response, () => {
    stopListening();
    if (!response.writableFinished) leave();
  });
  return controller.signal;
}
