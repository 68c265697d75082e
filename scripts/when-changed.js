// Runs a command that makes a directory, unless what it is made from is what it was when the command last succeeded.
// Compares contents, not times: a checkout changes times.
//   node scripts/when-changed.js OUTPUT INPUT… -- COMMAND WORD…
import './require-node.js';
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const words = process.argv.slice(2);
const divider = words.indexOf('--');
const [output, ...inputs] = words.slice(0, divider);
const [command, ...rest] = words.slice(divider + 1);

const stamp = join(output, '.made-from');
const wanted = fingerprint(inputs);
if (stamped() !== wanted) {
  // A first start takes a minute here. Standard output belongs to the program that is built.
  process.stderr.write(`Making ${output} …\n`);
  // Nothing may stay of sources that are gone.
  rmSync(output, { recursive: true, force: true });
  const { status, error } = spawnSync(command, rest, {
    stdio: 'inherit',
    shell: process.platform === 'win32',
  });
  if (error) throw error;
  if (status !== 0) process.exit(status ?? 1);
  writeFileSync(stamp, wanted);
}

function stamped() {
  try {
    return readFileSync(stamp, 'utf8');
  } catch {
    return undefined;
  }
}

/** Of every file below the inputs, by path and content, and of the command itself. */
function fingerprint(paths) {
  const hash = createHash('sha256').update(JSON.stringify([command, ...rest]));
  for (const path of paths.flatMap(filesOf).sort()) hash.update(`\0${path}\0`).update(readFileSync(path));
  return hash.digest('hex');
}

function filesOf(path) {
  if (!statSync(path).isDirectory()) return [path];
  return readdirSync(path).flatMap((name) => filesOf(join(path, name)));
}
