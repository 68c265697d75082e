import { Module } from '@nestjs/common';
import { ConfigService } from '@nestjs/config';
import { Catalog } from './catalog.service.js';
import type { CatalogSnapshot } from './catalog.js';
import { CatalogReload, type CatalogReloadSettings } from './catalog-reload.js';

const POLL_MS = 1_000;
const SETTLE_MS = 250;

/** The part of the configuration that the catalog needs. */
interface CatalogConfig {
  readonly catalog: CatalogSnapshot;
  readonly catalogFile: string | undefined;
  readonly readCatalogFile: CatalogReloadSettings['read'];
  readonly payments: object;
}

@Module({
  providers: [
    {
      provide: Catalog,
      inject: [ConfigService],
      useFactory: (config: ConfigService<CatalogConfig, true>) =>
        new Catalog(config.get('catalog', { infer: true })),
    },
    {
      provide: CatalogReload,
      inject: [Catalog, ConfigService],
      useFactory: (catalog: Catalog, config: ConfigService<CatalogConfig, true>) => {
        const path = config.get('catalogFile', { infer: true });
        const read = config.get('readCatalogFile', { infer: true });
        const payments = config.get('payments', { infer: true });
        return new CatalogReload(catalog, { path, read, payments, pollMs: POLL_MS, settleMs: SETTLE_MS });
      },
    },
  ],
  exports: [Catalog],
})
export class CatalogModule {}
