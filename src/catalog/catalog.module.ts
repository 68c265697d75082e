import { Module } from '@nestjs/common';
import { ConfigService } from '@nestjs/config';
import type { Config } from '../config/config.js';
import { Catalog } from './catalog.service.js';
import { CatalogReload } from './catalog-reload.js';

const POLL_MS = 1_000;
const SETTLE_MS = 250;

@Module({
  providers: [
    {
      provide: Catalog,
      inject: [ConfigService],
      useFactory: (config: ConfigService<Config, true>) =>
        new Catalog(config.get('catalog', { infer: true })),
    },
    {
      provide: CatalogReload,
      inject: [Catalog, ConfigService],
      useFactory: (catalog: Catalog, config: ConfigService<Config, true>) => {
        const path = config.get('catalogFile', { infer: true });
        const read = config.get('readCatalogFile', { infer: true });
        const { leaseMs: _leaseMs, ...payments } = config.get('payments', { infer: true });
        return new CatalogReload(catalog, { path, read, payments, pollMs: POLL_MS, settleMs: SETTLE_MS });
      },
    },
  ],
  exports: [Catalog],
})
export class CatalogModule {}
