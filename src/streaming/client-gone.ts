import { type ServerResponse } from 'node:http';

/** Whether no client is left to answer. */
export function isClientGone(response: ServerResponse): boolean {
  return response.destroyed || response.closed || response.req.socket.destroyed;
}

/**
 * Calls `listener` when the connection closes or the whole response has been sent. Returns a function that stops
 * listening; the caller must call it exactly once.
 */
export function onceClosed(response: ServerResponse, listener: () => void): () => void {
  response.on('close', listener);
  response.on('error', listener);
  // A response that is queued behind another one of its connection has no socket yet, so it emits no event at its end.
  const queuedBehind = response.socket === null ? response.req.socket : undefined;
  queuedBehind?.on('close', listener);
  return () => {
    response.off('close', listener);
    response.off('error', listener);
    queuedBehind?.off('close', listener);
  };
}
