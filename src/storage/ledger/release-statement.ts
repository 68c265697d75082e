import type { Pool } from 'pg';
import type { Release } from '../../payments/ledger.js';
import type { StatementOptions } from '../group-commit.js';
import { PATIENCE } from '../lock-wait.js';
import { FORGETTING } from '../once/answer-columns.js';
import { finishingRecords } from '../records/finish-records.js';
import { endColumns, type EndForm } from '../records/record-columns.js';
import { StatementForms } from '../statement-forms.js';
import { textArray } from '../text-array.js';

const RELEASE = `SELECT r.* FROM ${PATIENCE} CROSS JOIN LATERAL release_holds(CASE WHEN patience.set THEN $2::text[] END, $3) AS r`;
const STATEMENTS = new StatementForms<EndForm>('release_holds', (form) =>
  finishingRecords(RELEASE, 4, form, FORGETTING),
);

/** Ends holds without a charge. */
export async function releaseHolds(
  pool: Pool,
  releases: readonly Release[],
  { lockWait }: Pick<StatementOptions, 'lockWait'>,
): Promise<readonly true[]> {
  const records = endColumns(releases);
  await pool.query({
    ...STATEMENTS.of(records.form),
    values: [
      lockWait,
      textArray(releases.map(({ holdId }) => holdId)),
      textArray(releases.map(({ keyId }) => keyId)),
      ...records.values,
    ],
  });
  return releases.map(() => true);
}
