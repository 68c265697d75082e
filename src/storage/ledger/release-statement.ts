import type { Pool } from 'pg';
import type { Release } from '../../payments/ledger.js';
import type { StatementOptions } from '../group-commit.js';
import { PATIENCE } from '../lock-wait.js';
import { FORGETTING } from '../once/answer-columns.js';
import { finishingRecords } from '../records/finish-records.js';
import { endColumns } from '../records/record-columns.js';

const RELEASE = `SELECT r.* FROM ${PATIENCE} CROSS JOIN LATERAL release_holds(CASE WHEN patience.set THEN $2::text[] END, $3) AS r`;
const TEXT = `WITH ended AS MATERIALIZED (${RELEASE}), ${FORGETTING} SELECT * FROM ended`;
const STORING = finishingRecords(RELEASE, 4, FORGETTING);

/** Ends holds without a charge. */
export async function releaseHolds(
  pool: Pool,
  releases: readonly Release[],
  { lockWait }: Pick<StatementOptions, 'lockWait'>,
): Promise<readonly true[]> {
  const records = endColumns(releases);
  await pool.query({
    ...(records.isEmpty
      ? { name: 'release_holds', text: TEXT }
      : { name: 'release_holds_and_store', text: STORING }),
    values: [
      lockWait,
      releases.map(({ holdId }) => holdId),
      releases.map(({ keyId }) => keyId),
      ...(records.isEmpty ? [] : records.values),
    ],
  });
  return releases.map(() => true);
}
