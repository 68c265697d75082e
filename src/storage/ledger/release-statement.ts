import type { Pool } from 'pg';
import type { Release } from '../../payments/ledger.js';
import type { StatementOptions } from '../group-commit.js';
import { PATIENCE } from '../lock-wait.js';
import { FORGETTING } from '../once/answer-columns.js';
import { finishingRecords } from '../records/finish-records.js';
import { endColumns, type EndForm, type Placed } from '../records/record-columns.js';
import { StatementForms } from '../named-statement.js';
import { FORGETTING_SHARDED, finishingSharded, RELEASED_ACCOUNTS } from '../sharding/record-parts.js';
import { textArray } from '../text-array.js';

const RELEASE = `SELECT r.* FROM ${PATIENCE} CROSS JOIN LATERAL release_holds(
  CASE WHEN patience.set THEN $holdIds::text[] END, $keyIds) AS r`;
const STATEMENTS = new StatementForms<EndForm & Placed>('release_holds', (form) =>
  form.sharded
    ? finishingSharded(RELEASE, form, { accounts: RELEASED_ACCOUNTS, also: FORGETTING_SHARDED, before: [] })
    : finishingRecords(RELEASE, form, FORGETTING),
);

/** Ends holds without a charge. */
export async function releaseHolds(
  pool: Pool,
  releases: readonly Release[],
  { lockWait, sharded }: Pick<StatementOptions, 'lockWait'> & Placed,
): Promise<readonly true[]> {
  const records = endColumns(releases);
  await pool.query(
    STATEMENTS.of({ ...records.form, sharded }).with({
      lockWait,
      holdIds: textArray(releases.map(({ holdId }) => holdId)),
      keyIds: textArray(releases.map(({ keyId }) => keyId)),
      ...records.values,
    }),
  );
  return releases.map(() => true);
}
