import { ProcessIdentity } from '../../payments/lease-keeper.js';
import { Retention } from '../../responses/retention.js';
import { PostgresRetentionStore } from '../../storage/responses/postgres-retention-store.js';
import { layoutOf } from '../../storage/sharding/layout.js';
import { ShardedRetentionStore } from '../../storage/sharding/sharded-retention-store.js';
import { StorageRoom } from '../../storage/storage-room.js';
import { PostgresVideoStore } from '../../storage/videos/postgres-video-store.js';
import { VideoRetention } from '../../videos/video-retention.js';
import type { Command } from './command.js';
import { withDatabase } from './with-database.js';
import { readWords } from './words.js';

const DAY_MS = 86_400_000;

export const purge: Command = {
  usage: [
    '',
    'Removes now what RESPONSE_RETENTION_DAYS no longer keeps, and event logs of streams that ended a day ago.',
    'A running gateway does so every ten minutes.',
  ],
  async run(words) {
    readWords(words, {});
    return withDatabase(async ({ database, config: { responseRetentionDays: days } }) => {
      const keepMs = days * DAY_MS;
      const { isSharded } = await layoutOf(database.pool);
      const store = new (isSharded ? ShardedRetentionStore : PostgresRetentionStore)(database);
      const retention = new Retention(store, { keepMs });
      const videos = new VideoRetention(
        new PostgresVideoStore(database, new ProcessIdentity(), new StorageRoom(database, 0)),
        { keepMs },
      );
      const { responses, conversations, logEntries } = await retention.purge();
      const counts = [
        `${responses} responses`,
        `${conversations} conversations`,
        `${await videos.purge()} videos`,
        `${logEntries} logged events`,
      ];
      process.stdout.write(`Removed what was not used for ${days} days: ${counts.join(', ')}.\n`);
      return 0;
    });
  },
};
