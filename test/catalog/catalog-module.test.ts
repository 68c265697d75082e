import 'reflect-metadata';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Logger, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { expect, it } from '@jest/globals';
import { CatalogModule } from '../../src/catalog/catalog.module.js';
import { Catalog } from '../../src/catalog/catalog.service.js';
import { configModule } from '../../src/config/config.module.js';
import { loadConfig } from '../../src/config/load-config.js';
import { DIALECTS } from '../../src/providers/dialects.js';

Logger.overrideLogger(false);

it('offers the catalog of the loaded configuration, whatever the environment says by the same names', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'slipstream-catalog-'));
  process.env['catalog'] = 'something else';
  const config = loadConfig(DIALECTS, { OPENAI_API_KEY: 'a' }, directory);
  @Module({ imports: [configModule(config), CatalogModule] })
  class TestModule {}
  const application = await NestFactory.createApplicationContext(TestModule);
  try {
    expect(application.get(Catalog).get('gpt-5.5')).toBe(config.catalog.models.get('gpt-5.5'));
  } finally {
    await application.close();
    delete process.env['catalog'];
    rmSync(directory, { recursive: true });
  }
});
