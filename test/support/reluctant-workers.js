// Runs a compiled gateway whose primary gives up early. Words: its dist, pause in milliseconds, deaths in a row.
import cluster from 'node:cluster';

const [dist, firstPauseMs, mostInARow] = process.argv.slice(2);

if (cluster.isPrimary) {
  const { runPrimary } = await import(`${dist}/app/cluster/run-primary.js`);
  const { wordsFor } = await import(`${dist}/app/start-failure.js`);
  const bounds = { firstPauseMs: Number(firstPauseMs), mostInARow: Number(mostInARow) };
  const status = await runPrimary(2, bounds).catch((failure) => {
    process.stderr.write(`${wordsFor(failure)}\n`);
    return 1;
  });
  process.exit(status);
} else {
  await import(`${dist}/main.js`);
}
