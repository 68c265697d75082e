import type { Pool } from 'pg';
import type { Release } from '../../payments/ledger.js';
import { FORGETTING } from '../once/answer-columns.js';
import { finishingRecords } from '../records/finish-records.js';
import { endColumns } from '../records/record-columns.js';

const RELEASE = 'SELECT release_holds($1, $2)';
const TEXT = `WITH ended AS MATERIALIZED (${RELEASE}), ${FORGETTING} SELECT * FROM ended`;
const STORING = finishingRecords(RELEASE, 3, FORGETTING);

/** Ends holds without a charge. */
export async function releaseHolds(pool: Pool, releases: readonly Release[]): Promise<readonly true[]> {
  const records = endColumns(releases);
  await pool.query({
    ...(records.isEmpty
      ? { name: 'release_holds', text: TEXT }
      : { name: 'release_holds_and_store', text: STORING }),
    values: [
      releases.map(({ holdId }) => holdId),
      releases.map(({ keyId }) => keyId),
      ...(records.isEmpty ? [] : records.values),
    ],
  });
  return releases.map(() => true);
}
