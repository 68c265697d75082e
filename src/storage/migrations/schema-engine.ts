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
import { asksForPrismaLock } from './upgrade-lock.js';
import { withoutLongLocks } from './without-long-locks.js';

let loading: Promise<void> | undefined;

/** Prisma's schema engine on a database. */
export interface OpenSchemaEngine {
  readonly engine: engineModule.SchemaEngine;
  /** Frees the engine and closes its connections. */
  close(): Promise<void>;
}

export async function openSchemaEngine(connectionString: string): Promise<OpenSchemaEngine> {
  await (loading ??= loadWebAssembly());
  const factory = new WholeScriptFactory(new PrismaPg({ connectionString, max: 1 }));
  try {
    const engine = await engineModule.SchemaEngine.new(
      { datamodels: undefined },
      () => undefined,
      bindMigrationAwareSqlAdapterFactory(factory),
    );
    const close = async () => {
      engine.free();
      await factory.close();
    };
    return { engine, close };
  } catch (error) {
    await factory.close();
    throw error;
  }
}

async function loadWebAssembly(): Promise<void> {
  const entry = createRequire(import.meta.url).resolve('@prisma/schema-engine-wasm/schema_engine_bg');
  const bytes = await readFile(join(dirname(entry), 'schema_engine_bg.wasm'));
  const { instance } = await WebAssembly.instantiate(bytes, { './schema_engine_bg.js': engineImports() });
  engineModule.__wbg_set_wasm(instance.exports);
  (instance.exports as { __wbindgen_start(): void }).__wbindgen_start();
}

/** The engine never clears the timer of its 10 s wait for a lock: it must not keep a finished process alive. */
function engineImports(): object {
  const wait = (callback: () => void, delayMs: number): NodeJS.Timeout =>
    setTimeout(callback, delayMs).unref();
  const waits = Object.keys(engineModule).filter((name) => name.startsWith('__wbg_setTimeout_'));
  return { ...engineModule, ...Object.fromEntries(waits.map((name) => [name, wait])) };
}

/**
 * Sends a migration as one query. Prisma's adapter cuts a script at every semicolon, which breaks function bodies
 * and literals, and runs the pieces one by one, so that a failing one leaves those before it applied.
 */
class WholeScriptFactory implements SqlMigrationAwareDriverAdapterFactory {
  readonly provider = 'postgres';
  readonly adapterName = '@prisma/adapter-pg';

  private readonly adapters: SqlDriverAdapter[] = [];

  constructor(private readonly factory: PrismaPg) {}

  async connect(): Promise<SqlDriverAdapter> {
    return this.withWholeScripts(await this.factory.connect());
  }

  async connectToShadowDb(): Promise<SqlDriverAdapter> {
    return this.withWholeScripts(await this.factory.connectToShadowDb());
  }

  async close(): Promise<void> {
    await Promise.all(this.adapters.splice(0).map((adapter) => adapter.dispose()));
  }

  private withWholeScripts(adapter: SqlDriverAdapter): SqlDriverAdapter {
    const execute = adapter.executeRaw.bind(adapter);
    const executeScript: SqlDriverAdapter['executeScript'] = (script) =>
      withoutLongLocks(async (sql) => {
        await execute({ sql, args: [], argTypes: [] });
      }, script);
    // Who applies migrations holds it for the engine, which wants it for its session.
    const executeRaw: SqlDriverAdapter['executeRaw'] = (query) =>
      asksForPrismaLock(query.sql) ? Promise.resolve(1) : execute(query);
    Object.assign(adapter, { executeScript, executeRaw });
    this.adapters.push(adapter);
    return adapter;
  }
}
