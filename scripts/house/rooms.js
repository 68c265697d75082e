// @ts-check
import { readFileSync } from 'node:fs';
import { cruise } from 'dependency-cruiser';
import extractTsConfig from 'dependency-cruiser/config-utl/extract-ts-config';
import { createRequire } from 'node:module';

/** The rooms in the order of the arrows: whoever stands further down is known to those above. */
const ORDER = JSON.parse(readFileSync(new URL('order.json', import.meta.url), 'utf8'));

/**
 * Where a file lives: the directory at the top of src, or the file itself if it lies beside them.
 * @param {string} path below src
 */
export const roomOf = (path) => path.split('/')[0] ?? path;

/** @param {readonly string[]} paths */
export const roomsOf = (paths) => [...new Set(paths.map(roomOf))].sort();

/** Which room imports which. */
export async function arrowsBetweenRooms() {
  const { options } = createRequire(import.meta.url)('../../.dependency-cruiser.cjs');
  const { output } = await cruise(['src'], options, undefined, {
    tsConfig: extractTsConfig('tsconfig.json'),
  });
  if (typeof output === 'string') throw new Error(output);
  const arrows = new Set();
  for (const { source, dependencies } of output.modules) {
    for (const { resolved } of dependencies) {
      if (!source.startsWith('src/') || !resolved.startsWith('src/')) continue;
      const [from, to] = [source, resolved].map((path) => roomOf(path.slice('src/'.length)));
      if (from !== to) arrows.add(`${from} → ${to}`);
    }
  }
  const all = [...arrows].sort();
  return {
    arrows: all,
    back: all.filter((arrow) => isBack(arrow)),
    pairs: all.filter((arrow) => {
      const [from, to] = arrow.split(' → ');
      return from < to && arrows.has(`${to} → ${from}`);
    }),
  };
}

/** @param {string} arrow */
function isBack(arrow) {
  const [from, to] = arrow.split(' → ').map((room) => ORDER.indexOf(room));
  if (from === -1 || to === -1) throw new Error(`scripts/house/order.json does not name a room of ${arrow}`);
  return to < from;
}
