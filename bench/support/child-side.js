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
 * Listens on the loopback interface.
 * @param {import('node:http').Server} server
 * @param {{ port?: number, host?: string }} [address] a free port unless given
 * @returns {Promise<string>} the origin
 */
export function listen(server, { port = 0, host = '127.0.0.1' } = {}) {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, 512, () => {
      const address = /** @type {import('node:net').AddressInfo} */ (server.address());
      resolve(`http://${host}:${address.port}`);
    });
  });
}
