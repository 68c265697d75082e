import type { Pool } from 'pg';
import type { Release } from '../../payments/ledger.js';
import type { StatementOptions } from '../group-commit.js';
import { PATIENCE } from '../lock-wait.js';
import { FORGETTING } from '../once/answer-columns.js';
import { finishingRecords } from '../records/finish-records.js';
import { endColumns, type EndForm } from '../records/record-columns.js';
import { StatementForms } from '../named-statement.js';
import { textArray } from '../text-array.js';

const RELEASE = `SELECT r.* FROM ${PATIENCE} CROSS JOIN LATERAL release_holds(
  CASE WHEN patience.set THEN $holdIds::text[] END, $keyIds) AS r`;
const STATEMENTS = new StatementForms<EndForm>('release_holds', (form) =>
  finishingRecords(RELEASE, form, FORGETTING),
);

/** Ends holds without a charge. */
export async function releaseHolds(
  pool: Pool,
  releases: readonly Release[],
  { lockWait }: Pick<StatementOptions, 'lockWait'>,
): Promise<readonly true[]> {
  const records = endColumns(releases);
  await pool.query(
    STATEMENTS.of(records.form).with({
      lockWait,
      holdIds: textArray(releases.map(({ holdId }) => holdId)),
      keyIds: textArray(releases.map(({ keyId }) => keyId)),
      ...records.values,
    }),
  );
  return releases.map(() => true);
}
