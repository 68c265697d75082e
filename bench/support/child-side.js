// @ts-check
/** The child's end of the IPC line: answers the parent's orders, and ends when the parent is gone. */

/**
 * @param {Record<string, (order: any) => Promise<unknown>>} handlers
 */
export function serveParent(handlers) {
  process.on('disconnect', () => process.exit(0));
  process.on(
    'message',
    async (/** @type {{ id: number, name: string, order: unknown }} */ { id, name, order }) => {
      try {
        process.send?.({ id, result: await handlers[name]?.(order) });
      } catch (error) {
        process.send?.({ id, failure: String(error instanceof Error ? error.stack : error) });
      }
    },
  );
}

/**
 * Listens on a free port of the loopback interface.
 * @param {import('node:http').Server} server
 * @returns {Promise<string>} the origin
 */
export function listen(server) {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', 512, () => {
      const address = /** @type {import('node:net').AddressInfo} */ (server.address());
      resolve(`http://127.0.0.1:${address.port}`);
    });
  });
}
