import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Logger, type LoggerService } from '@nestjs/common';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { Catalog } from '../../src/catalog/catalog.service.js';
import { CatalogReload } from '../../src/catalog/catalog-reload.js';
import { readGatewayFile } from '../../src/config/gateway-file/read-gateway-file.js';
import { DIALECTS } from '../../src/providers/dialects.js';
import { compileProject } from '../support/compiled.js';
import { until } from '../support/until.js';

function fileWith(id: string, fee = 100): string {
  return `providers: [{id: up, type: openai}]
models: [{id: ${id}, targets: [{provider: up, model: m}], context_window: 10, max_output_tokens: 5, pricing: free}]
payments: {fee_bps: ${fee}}
sandbox: false
`;
}

class Lines implements LoggerService {
  readonly written: string[] = [];
  readonly log = (message: unknown): void => this.add('log', message);
  readonly debug = (message: unknown): void => this.add('debug', message);
  readonly warn = (message: unknown): void => this.add('warn', message);
  readonly error = (message: unknown): void => this.add('error', message);
  private add(level: string, message: unknown): void {
    this.written.push(`${level}: ${String(message)}`);
  }
}

const read = (path: string) => readGatewayFile(path, DIALECTS);

/** Prints the ids of its catalog whenever they change. */
function reloadingProcess(compiled: string): string {
  return `
    import 'reflect-metadata';
    import { Catalog } from '${compiled}/catalog/catalog.service.js';
    import { CatalogReload } from '${compiled}/catalog/catalog-reload.js';
    import { readGatewayFile } from '${compiled}/config/gateway-file/read-gateway-file.js';
    import { DIALECTS } from '${compiled}/providers/dialects.js';
    const path = process.env.GATEWAY_FILE;
    const read = (path) => readGatewayFile(path, DIALECTS);
    const { catalog: snapshot, payments } = read(path);
    const catalog = new Catalog(snapshot);
    new CatalogReload(catalog, { path, read, payments, pollMs: 3_600_000, settleMs: 20 }).onApplicationBootstrap();
    let shown = '';
    setInterval(() => {
      const ids = catalog.list().map(({ id }) => id).join();
      if (ids !== shown) console.log(ids);
      shown = ids;
    }, 5);`;
}

describe('CatalogReload', () => {
  const directory = mkdtempSync(join(tmpdir(), 'slipstream-reload-'));
  const path = join(directory, 'gateway.yaml');
  let catalog: Catalog;
  let reload: CatalogReload;
  let lines: Lines;

  beforeEach(() => {
    writeFileSync(path, fileWith('first'));
    const file = read(path);
    catalog = new Catalog(file.catalog);
    reload = new CatalogReload(catalog, {
      path,
      read,
      payments: file.payments,
      pollMs: 20,
      settleMs: 20,
    });
    lines = new Lines();
    Logger.overrideLogger(lines);
    reload.onApplicationBootstrap();
  });

  afterEach(() => {
    reload.onApplicationShutdown();
    Logger.overrideLogger(false);
  });

  function replaceFile(text: string): void {
    const next = join(directory, 'next.yaml');
    writeFileSync(next, text);
    renameSync(next, path);
  }

  const ids = () => catalog.list().map(({ id }) => id);
  const logged = (text: string) => lines.written.some((line) => line.includes(text));

  it('takes over a file that was written again', async () => {
    writeFileSync(path, fileWith('written-again'));
    await until(() => ids().includes('written-again'));
    expect(ids()).toEqual(['written-again']);
    expect(lines.written).toContain(`log: Reloaded ${path}: 1 models`);
  });

  it('takes over a file that was put in its place, and then another one', async () => {
    for (const id of ['second', 'third']) {
      replaceFile(fileWith(id));
      await until(() => ids().includes(id));
    }
    expect(ids()).toEqual(['third']);
  });

  it('keeps the entries in use when the file says what it said before', async () => {
    const entry = catalog.get('first');
    writeFileSync(path, `# a comment\n${fileWith('first')}`);
    await until(() => logged('says what it said before'));
    expect(catalog.get('first')).toBe(entry);
  });

  it('takes over what was written between the start and the first look', async () => {
    reload.onApplicationShutdown();
    writeFileSync(path, fileWith('early'));
    reload.onApplicationBootstrap();
    await until(() => ids().includes('early'));
    expect(ids()).toEqual(['early']);
  });

  it('refuses a bad file with its problems, keeps what runs, and takes over the mended file', async () => {
    writeFileSync(path, fileWith('BAD(ID').replace('pricing: free', 'pricing: {input: -1, output: 1}'));
    await until(() => logged('was refused'));
    expect(ids()).toEqual(['first']);
    expect(logged('models[0].id: must be')).toBe(true);
    expect(logged('models[0].pricing.input: must be')).toBe(true);
    writeFileSync(path, fileWith('mended'));
    await until(() => ids().includes('mended'));
  });

  it('keeps what runs when the file is taken away', async () => {
    rmSync(path);
    await until(() => logged('cannot be read (ENOENT)'));
    expect(ids()).toEqual(['first']);
  });

  it('keeps what runs while the file is empty', async () => {
    writeFileSync(path, '');
    await until(() => logged('was refused'));
    expect(ids()).toEqual(['first']);
  });

  it('says that changed payments wait for the next start', async () => {
    writeFileSync(path, fileWith('first', 200));
    await until(() => logged('takes effect at the next start'));
    expect(logged('warn: The changed payments')).toBe(true);
  });

  it('reloads on SIGHUP, in a process of its own that looks at the file by itself only once an hour', async () => {
    const child = spawn(
      process.execPath,
      ['--input-type=module', '-e', reloadingProcess(await compileProject())],
      {
        env: { GATEWAY_FILE: path },
        stdio: ['ignore', 'pipe', 'inherit'],
      },
    );
    const exited = once(child, 'exit');
    try {
      let output = '';
      child.stdout.setEncoding('utf8').on('data', (text: string) => (output += text));
      await until(() => output.includes('first'));
      replaceFile(fileWith('signalled'));
      child.kill('SIGHUP');
      await until(() => output.includes('signalled'));
    } finally {
      child.kill('SIGKILL');
      await exited;
    }
  });

  it('ends its watcher, its timer and its signal listener on shutdown', async () => {
    writeFileSync(path, fileWith('unseen'));
    reload.onApplicationShutdown();
    const control = new Catalog(read(path).catalog);
    const other = new CatalogReload(control, {
      path,
      read,
      payments: read(path).payments,
      pollMs: 20,
      settleMs: 20,
    });
    other.onApplicationBootstrap();
    try {
      writeFileSync(path, fileWith('seen'));
      await until(() => control.get('seen') !== undefined);
    } finally {
      other.onApplicationShutdown();
    }
    expect(ids()).toEqual(['first']);
  });

  it('watches nothing when the catalog came from the environment', () => {
    const before = process.listenerCount('SIGHUP');
    const still = new CatalogReload(catalog, {
      path: undefined,
      read,
      payments: read(path).payments,
      pollMs: 20,
      settleMs: 20,
    });
    still.onApplicationBootstrap();
    expect(process.listenerCount('SIGHUP')).toBe(before);
    still.onApplicationShutdown();
  });
});
