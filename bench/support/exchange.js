// @ts-check
/** The client side of one call, on undici's lowest layer: cheap enough that the load generator is not the bottleneck. */
import { Pool } from 'undici';

/**
 * Where calls go. The base is what comes before the path of a call.
 * @typedef {{ origin: string, base: string, headers: Record<string, string> }} Target
 */
/** @typedef {{ method: 'GET' | 'POST', path: string, body?: string }} Call */

const KEPT_BYTES = 300;

/**
 * @param {Target} target
 * @param {number} connections
 */
export function openLine(target, connections) {
  const pool = new Pool(target.origin, { connections, headersTimeout: 10_000, bodyTimeout: 10_000 });
  const headers = { 'content-type': 'application/json', ...target.headers };

  /**
   * @param {Call} call
   * @param {(piece: Buffer) => void} [onPiece]
   */
  const send = ({ method, path, body }, onPiece = () => {}) => {
    /** @type {import('undici').Dispatcher.DispatchController | undefined} */
    let line;
    let status = 0;
    /** @type {Buffer | undefined} */
    let last;
    const text = () => last?.toString('utf8', 0, KEPT_BYTES) ?? '';
    /** @type {Promise<{ status: number, text: () => string }>} */
    const done = new Promise((resolve, reject) => {
      pool.dispatch(
        { path: target.base + path, method, headers, body: body ?? null },
        {
          onRequestStart: (controller) => {
            line = controller;
          },
          onResponseStart: (_controller, statusCode) => {
            status = statusCode;
          },
          onResponseData: (_controller, piece) => {
            last = piece;
            onPiece(piece);
          },
          onResponseEnd: () => resolve({ status, text }),
          onResponseError: (_controller, error) => reject(error),
        },
      );
    });
    return { done, hangUp: () => line?.abort(new Error('the client left')) };
  };

  return { send, close: () => pool.destroy() };
}
