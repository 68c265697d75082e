import { unwatchFile, watchFile, type Stats } from 'node:fs';
import { isDeepStrictEqual } from 'node:util';
import { Injectable, Logger, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import { ConfigurationError } from '../base/errors/configuration-error.js';
import type { CatalogSnapshot } from './catalog.js';
import { Catalog } from './catalog.service.js';

/** The contents of a catalog file. */
export interface CatalogFile {
  readonly catalog: CatalogSnapshot;
  /** Only compared: a change of it takes effect at the next start. */
  readonly payments: object;
}

export interface CatalogReloadSettings {
  /** Undefined: the catalog came from the environment and stays as it is. */
  readonly path: string | undefined;
  /** Reads the file as at startup, with the same environment. */
  readonly read: (path: string) => CatalogFile;
  /** The payment settings in use; a changed file cannot replace them before the next start. */
  readonly payments: object;
  /** Interval between two checks of the file. */
  readonly pollMs: number;
  /** How long a changed file must stay as it is before it is read, since writers may truncate first. */
  readonly settleMs: number;
}

/**
 * Reloads the catalog from its file on SIGHUP and when the file has changed. The file is watched by name, so it is
 * also noticed when an editor or a mount puts a new file in its place. A file with problems is refused, and the
 * running catalog stays.
 */
@Injectable()
export class CatalogReload implements OnApplicationBootstrap, OnApplicationShutdown {
  private readonly logger = new Logger('Catalog');
  private settling: NodeJS.Timeout | undefined;

  constructor(
    private readonly catalog: Catalog,
    private readonly settings: CatalogReloadSettings,
  ) {}

  onApplicationBootstrap(): void {
    const { path, pollMs } = this.settings;
    if (path === undefined) return;
    watchFile(path, { interval: pollMs, persistent: false }, this.fileChanged);
    process.on('SIGHUP', this.reload);
    this.reloadWhenSettled(); // The file may have changed between its reading at startup and the start of this watch.
  }

  onApplicationShutdown(): void {
    if (this.settings.path !== undefined) unwatchFile(this.settings.path, this.fileChanged);
    process.off('SIGHUP', this.reload);
    clearTimeout(this.settling);
  }

  private readonly fileChanged = (now: Stats, before: Stats): void => {
    if (now.mtimeMs === before.mtimeMs && now.ino === before.ino && now.size === before.size) return;
    this.reloadWhenSettled();
  };

  private reloadWhenSettled(): void {
    clearTimeout(this.settling);
    this.settling = setTimeout(this.reload, this.settings.settleMs);
    this.settling.unref();
  }

  private readonly reload = (): void => {
    const { path, payments } = this.settings;
    if (path === undefined) return;
    const file = this.read(path);
    if (file === undefined) return;
    if (this.catalog.replace(file.catalog))
      this.logger.log(`Reloaded ${path}: ${file.catalog.models.size} models`);
    else this.logger.debug(`${path} says what it said before`);
    if (!isDeepStrictEqual(file.payments, payments))
      this.logger.warn(`The changed payments section of ${path} takes effect at the next start`);
  };

  private read(path: string): CatalogFile | undefined {
    try {
      return this.settings.read(path);
    } catch (error) {
      const problems = error instanceof ConfigurationError ? error.message : 'It could not be read.';
      this.logger.error(`${path} was refused and the running catalog stays. ${problems}`);
      return undefined;
    }
  }
}
