// The first thing that every command of package.json runs: an old Node would otherwise fail later, in a compiler's words.
// Written for the old Node itself, so without anything that one may lack.
import fs from 'fs';
import path from 'path';
import url from 'url';

const root = path.dirname(path.dirname(url.fileURLToPath(import.meta.url)));
const { engines } = JSON.parse(fs.readFileSync(path.join(root, 'package.json'), 'utf8'));
const oldest = engines.node.replace('>=', '');
const running = process.versions.node;

if (isOlder(running.split('.').map(Number), oldest.split('.').map(Number))) {
  process.stderr.write(
    `Slipstream needs Node.js ${oldest} or newer (24 is recommended); this is ${running}, ${process.execPath}.\n`,
  );
  process.exit(1);
}

function isOlder([major, minor], [oldestMajor, oldestMinor]) {
  return major < oldestMajor || (major === oldestMajor && minor < oldestMinor);
}
