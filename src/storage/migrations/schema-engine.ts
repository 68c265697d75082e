import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { PrismaPg } from '@prisma/adapter-pg';
import {
  bindMigrationAwareSqlAdapterFactory,
  type SqlDriverAdapter,
  type SqlMigrationAwareDriverAdapterFactory,
} from '@prisma/driver-adapter-utils';
import * as engineModule from '@prisma/schema-engine-wasm/schema_engine_bg';

const bindings = engineModule as typeof engineModule & { __wbg_set_wasm(exports: WebAssembly.Exports): void };

let loading: Promise<void> | undefined;

/** Prisma's schema engine on a database. Whoever asks for it frees it. */
export async function openSchemaEngine(connectionString: string): Promise<engineModule.SchemaEngine> {
  await (loading ??= loadWebAssembly());
  const factory = new WholeScriptFactory(new PrismaPg({ connectionString, max: 1 }));
  return bindings.SchemaEngine.new(
    { datamodels: undefined },
    () => undefined,
    bindMigrationAwareSqlAdapterFactory(factory),
  );
}

async function loadWebAssembly(): Promise<void> {
  const entry = createRequire(import.meta.url).resolve('@prisma/schema-engine-wasm/schema_engine_bg');
  const bytes = await readFile(join(dirname(entry), 'schema_engine_bg.wasm'));
  const { instance } = await WebAssembly.instantiate(bytes, {
    './schema_engine_bg.js': engineModule as unknown as WebAssembly.ModuleImports,
  });
  bindings.__wbg_set_wasm(instance.exports);
  (instance.exports as unknown as { __wbindgen_start(): void }).__wbindgen_start();
}

/**
 * Sends a migration as one query. Prisma's adapter cuts a script at every semicolon, which breaks function bodies
 * and literals, and runs the pieces one by one, so that a failing one leaves those before it applied.
 */
class WholeScriptFactory implements SqlMigrationAwareDriverAdapterFactory {
  readonly provider = 'postgres';
  readonly adapterName = '@prisma/adapter-pg';

  constructor(private readonly factory: PrismaPg) {}

  async connect(): Promise<SqlDriverAdapter> {
    return withWholeScripts(await this.factory.connect());
  }

  async connectToShadowDb(): Promise<SqlDriverAdapter> {
    return withWholeScripts(await this.factory.connectToShadowDb());
  }
}

function withWholeScripts(adapter: SqlDriverAdapter): SqlDriverAdapter {
  adapter.executeScript = async (script) => {
    await adapter.executeRaw({ sql: script, args: [], argTypes: [] });
  };
  return adapter;
}
