import { distribute as shardAll } from '../../storage/sharding/distribute.js';
import type { Command } from './command.js';
import { table } from './table.js';
import { withDatabase } from './with-database.js';
import { readWords } from './words.js';

export const distribute: Command = {
  usage: [
    '',
    'Shards the content of accounts over the workers of a Citus cluster, whose coordinator is DATABASE_URL, and says what is',
    'where. It can be run again, and has to be after every new version. No gateway may serve meanwhile.',
  ],
  async run(words) {
    readWords(words, {});
    const { workers, tables, functions } = await withDatabase(({ url }) => shardAll(url));
    const lines = tables.map(({ table: name, place, shards, already }) => [
      name,
      place === 'sharded' ? `${shards} shards, by account` : 'on the coordinator',
      place === 'local' ? '' : already ? 'already' : 'now',
    ]);
    process.stdout.write(table(lines));
    const sharded = tables.filter(({ place }) => place === 'sharded').length;
    process.stdout.write(
      `${sharded} tables over ${workers} workers, rows of an account together. Functions: ${functions}.\n`,
    );
    return 0;
  },
};
