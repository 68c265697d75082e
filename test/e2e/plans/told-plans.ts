import type { Pool, PoolClient } from 'pg';
import type { TestDatabase } from '../../support/test-database.js';

interface PlanNode {
  readonly 'Node Type': string;
  readonly 'Relation Name'?: string;
  readonly 'Rows Removed by Filter'?: number;
  readonly Plans?: readonly PlanNode[];
}

interface Told {
  readonly 'Query Text': string;
  readonly Plan: PlanNode;
}

export interface Scan {
  readonly table: string;
  readonly statement: string;
}

/**
 * From now on PostgreSQL tells each new session of this database the plan of every statement that it runs, those within
 * functions and triggers included: `auto_explain`, as notices to the client.
 */
export async function tellPlans({ url, pool }: TestDatabase): Promise<void> {
  const name = new URL(url).pathname.slice(1);
  for (const setting of [
    `session_preload_libraries = 'auto_explain'`,
    `auto_explain.log_min_duration = 0`,
    `auto_explain.log_nested_statements = on`,
    `auto_explain.log_analyze = on`,
    `auto_explain.log_timing = off`,
    `auto_explain.log_format = 'json'`,
    `auto_explain.log_level = 'notice'`,
  ])
    await pool.query(`ALTER DATABASE ${name} SET ${setting}`);
}

/** The plans of the statements that a pool's clients run. */
export class ToldPlans {
  private readonly heard = new WeakSet<PoolClient>();
  private told: Told[] = [];

  listen(pool: Pool): void {
    pool.on('acquire', (client) => {
      if (this.heard.has(client)) return;
      this.heard.add(client);
      client.on('notice', ({ message }) => {
        const json = /^duration: .*?plan:\n(.*)$/s.exec(message ?? '')?.[1];
        if (json !== undefined) this.told.push(JSON.parse(json) as Told);
      });
    });
  }

  /** Every plan since the last time. */
  take(): readonly Told[] {
    const { told } = this;
    this.told = [];
    return told;
  }
}

/** More rows than any page has, and fewer than any table of these tests. */
const MOST_IN_VAIN = 10_000;

/** Where a statement reads a table from end to end, or much of it by an index that does not have what it asks for. */
export function scansOf(told: readonly Told[], tables: ReadonlySet<string>): readonly Scan[] {
  return told.flatMap(({ 'Query Text': statement, Plan: plan }) =>
    tablesRead(plan)
      .filter((table) => tables.has(table))
      .map((table) => ({ table, statement })),
  );
}

function tablesRead(node: PlanNode): readonly string[] {
  const {
    'Node Type': type,
    'Relation Name': table,
    'Rows Removed by Filter': inVain = 0,
    Plans: below = [],
  } = node;
  const own = table !== undefined && (type === 'Seq Scan' || inVain > MOST_IN_VAIN) ? [table] : [];
  return [...own, ...below.flatMap(tablesRead)];
}
