// @ts-check
/** `npm run house`: how the source is built, in figures; with `--names`, what they count. */
import { readFileSync } from 'node:fs';
import { filesOfACall } from './call-path.js';
import { arrowsBetweenRooms, roomsOf } from './rooms.js';
import { sourceFacts } from './source.js';
import { costOfLoadingTests } from './suite.js';

/** Where the figures are to come to. */
const AIMS = {
  rooms: 16,
  arrows: 60,
  back: 1,
  pairs: 0,
  callFiles: 70,
  callRooms: 10,
  constructors: 0,
  globals: 1,
  symbols: 3,
  schemaCheckers: 1,
  readmeWords: 1_000,
  loadingSeconds: 40,
};

const facts = sourceFacts();
const { arrows, back, pairs } = await arrowsBetweenRooms();
const call = await filesOfACall();
const suite = costOfLoadingTests();
const readmeWords = readFileSync('README.md', 'utf8').split(/\s+/).filter(Boolean).length;

/** @type {readonly (readonly [string, number, number | undefined])[]} */
const measures = [
  ['files of source', facts.files, undefined],
  ['lines of the median file', facts.medianLines, undefined],
  ['lines of the longest file', facts.longestFile, undefined],
  ['rooms at the top of src', roomsOf(facts.paths).length, AIMS.rooms],
  ['arrows between rooms', arrows.length, AIMS.arrows],
  ['… that point back up', back.length, AIMS.back],
  ['pairs that know each other both ways', pairs.length, AIMS.pairs],
  ['files of a streamed native chat call', call.files.length, AIMS.callFiles],
  ['… in rooms', roomsOf(call.files).length, AIMS.callRooms],
  ['constructors with more than five dependencies', facts.wideConstructors.length, AIMS.constructors],
  ['global modules', facts.globalModules, AIMS.globals],
  ['Symbol tokens', facts.symbols, AIMS.symbols],
  ['set-ups of the schema checker', facts.schemaCheckers, AIMS.schemaCheckers],
  ['words of the README', readmeWords, AIMS.readmeWords],
  ['files of tests', suite.files, undefined],
  ['seconds of CPU to load them all', Math.round(suite.cpuSeconds), AIMS.loadingSeconds],
];

const width = Math.max(...measures.map(([name]) => name.length));
for (const [name, value, aim] of measures) {
  const words = aim === undefined ? '' : `  aim ${value <= aim ? '✓' : ' '} ≤ ${aim}`;
  process.stdout.write(`${name.padEnd(width)}  ${String(value).padStart(5)}${words}\n`);
}
if (process.argv.includes('--names')) {
  const lists = { back, pairs, 'wide constructors': facts.wideConstructors, 'files of the call': call.files };
  for (const [title, names] of Object.entries(lists)) {
    process.stdout.write(`\n${title}\n${names.map((name) => `  ${name}\n`).join('')}`);
  }
}
process.exit(0);
