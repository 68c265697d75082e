// Writes the next migration: the SQL that leads from prisma/applied.prisma, the schema that all migrations lead to, to
// prisma/schema.prisma, which it then is. Prisma's own command for this needs a binary from the network and a running
// database; the WebAssembly engine needs neither.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { bindMigrationAwareSqlAdapterFactory } from '@prisma/driver-adapter-utils';
import * as bindings from '@prisma/schema-engine-wasm/schema_engine_bg';

const USAGE = 'Usage: npm run db:migrate -- --name what_changes [--empty]';
const root = resolve(import.meta.dirname, '..');
const schemaFile = join(root, 'prisma', 'schema.prisma');
const appliedFile = join(root, 'prisma', 'applied.prisma');
const migrationsDirectory = join(root, 'prisma', 'migrations');

const { values } = parseArgs({
  options: { name: { type: 'string' }, empty: { type: 'boolean', default: false } },
});
if (values.name === undefined || !/^[a-z0-9_]{1,80}$/.test(values.name)) {
  fail(`${USAGE}\nThe name is made of a-z, 0-9 and _.`);
}

const wanted = readFileSync(schemaFile, 'utf8');
// An empty migration is for what the schema file cannot say.
const sql = values.empty
  ? '-- Write the statements of this migration here.\n'
  : await difference(readFileSync(appliedFile, 'utf8'), wanted);
if (sql === undefined) {
  process.stdout.write(
    'prisma/schema.prisma has not changed since the newest migration: nothing to write.\n',
  );
} else {
  const name = `${new Date().toISOString().replace(/\D/g, '').slice(0, 14)}_${values.name}`;
  const directory = join(migrationsDirectory, name);
  mkdirSync(directory, { recursive: true });
  writeFileSync(join(directory, 'migration.sql'), sql);
  if (!values.empty) writeFileSync(appliedFile, wanted);
  process.stdout.write(`Wrote prisma/migrations/${name}. Read migration.sql before you commit it.\n`);
}

async function difference(from, to) {
  const engine = await openEngine();
  const datamodel = (content) => ({ tag: 'schemaDatamodel', files: [{ path: 'schema.prisma', content }] });
  try {
    const result = await engine.diff({
      from: datamodel(from),
      to: datamodel(to),
      script: true,
      exitCode: true,
      filters: { externalTables: [], externalEnums: [] },
    });
    return result.exitCode === 2 ? (result.stdout ?? '') : undefined;
  } finally {
    engine.free();
  }
}

async function openEngine() {
  const entry = createRequire(import.meta.url).resolve('@prisma/schema-engine-wasm/schema_engine_bg');
  const bytes = readFileSync(join(dirname(entry), 'schema_engine_bg.wasm'));
  const { instance } = await WebAssembly.instantiate(bytes, { './schema_engine_bg.js': bindings });
  bindings.__wbg_set_wasm(instance.exports);
  instance.exports.__wbindgen_start();
  return bindings.SchemaEngine.new({ datamodels: undefined }, () => undefined, noDatabase());
}

/** The engine asks a database for its version before it does anything; comparing two schemas needs no more. */
function noDatabase() {
  const adapter = {
    provider: 'postgres',
    adapterName: '@prisma/adapter-pg',
    queryRaw: async () => ({ columnNames: [], columnTypes: [], rows: [] }),
    executeRaw: async () => 0,
    executeScript: async () => undefined,
    startTransaction: () => Promise.reject(new Error('There is no database here.')),
    getConnectionInfo: () => ({ schemaName: 'public', supportsRelationJoins: true }),
    dispose: async () => undefined,
  };
  const { provider, adapterName } = adapter;
  const connect = async () => adapter;
  return bindMigrationAwareSqlAdapterFactory({ provider, adapterName, connect, connectToShadowDb: connect });
}

function fail(message) {
  process.stderr.write(`${message}\n`);
  process.exit(1);
}
