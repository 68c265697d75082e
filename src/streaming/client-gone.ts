import { type ServerResponse } from 'node:http';

/** Whether there is nobody left to answer. */
export function isClientGone(response: ServerResponse): boolean {
  return response.destroyed || response.closed || response.req.socket.destroyed;
}

/**
 * Calls `listener` when the connection closes or the response has been sent whole. Returns the function that stops
 * listening; to be called exactly once by whoever called this.
 */
export function onceClosed(response: ServerResponse, listener: () => void): () => void {
  response.on('close', listener);
  response.on('error', listener);
  // A response that waits behind another one of its connection has no socket yet and hears nothing of its end.
  const queuedBehind = response.socket === null ? response.req.socket : undefined;
  queuedBehind?.on('close', listener);
  return () => {
    response.off('close', listener);
    response.off('error', listener);
    queuedBehind?.off('close', listener);
  };
}
