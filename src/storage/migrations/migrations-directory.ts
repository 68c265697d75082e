import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export interface Migration {
  readonly name: string;
  readonly sql: string;
}

/** The project's `prisma/migrations`, found upwards from here: the same place for src, dist and a build elsewhere. */
export function migrationsDirectory(): string {
  let directory = dirname(fileURLToPath(import.meta.url));
  for (;;) {
    const candidate = join(directory, 'prisma', 'migrations');
    if (existsSync(candidate)) return candidate;
    const parent = dirname(directory);
    if (parent === directory) {
      throw new Error('The directory prisma/migrations was not found beside the program. Reinstall it.');
    }
    directory = parent;
  }
}

/** Names of the migrations of a directory, oldest first. Only its directories count. */
export async function migrationNames(directory: string): Promise<readonly string[]> {
  const entries = await readdir(directory, { withFileTypes: true });
  return entries
    .filter((entry) => entry.isDirectory())
    .map((entry) => entry.name)
    .sort();
}

/** All migrations of a directory, oldest first; each must hold a `migration.sql`. */
export async function readMigrations(directory: string): Promise<readonly Migration[]> {
  const names = await migrationNames(directory);
  return Promise.all(
    names.map(async (name) => ({
      name,
      sql: await readFile(join(directory, name, 'migration.sql'), 'utf8'),
    })),
  );
}
