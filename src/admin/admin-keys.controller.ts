import { Controller, Delete, Get, Param, Patch, Post, Query, Req, UseGuards } from '@nestjs/common';
import type { Request } from 'express';
import { GatewayError } from '../base/errors/gateway-error.js';
import { readJsonBody } from '../http/read-json-body.js';
import { KeyStore, type KeyRecord } from '../payments/keys/key-store.js';
import { KeysService } from '../payments/keys/keys.service.js';
import { Networks } from '../payments/networks.js';
import { AdminGuard } from './admin-guard.js';
import { TakesNoQuery } from './takes-no-query.js';
import { checked } from './checked.js';
import { KeyChanges, KeysQuery, NewKey } from './key-input.js';
import { changedSettings, newKeySettings } from './key-settings.js';
import { keyView, type KeyView } from './key-view.js';
import { listBody, type ListBody, unknownAfter } from './list-body.js';

/** Far more than any key's settings need. */
const MAX_BODY_BYTES = 256 * 1024;

@Controller('admin/keys')
@UseGuards(AdminGuard)
export class AdminKeysController {
  constructor(
    private readonly keys: KeysService,
    private readonly store: KeyStore,
    private readonly networks: Networks,
  ) {}

  @Post()
  @TakesNoQuery()
  async create(@Req() request: Request): Promise<KeyView & { key: string }> {
    const input = await checked(NewKey, await readJsonBody(request, { maxBytes: MAX_BODY_BYTES }));
    const { record, key } = await this.keys.create(input.account, newKeySettings(input, this.networks));
    return { ...keyView(record), key };
  }

  @Get()
  async list(@Query() query: Record<string, unknown>): Promise<ListBody<KeyView>> {
    const { limit, order, after, account } = await checked(KeysQuery, query);
    if (after !== undefined && !(await this.store.find(after))) throw unknownAfter();
    const { keys, hasMore } = await this.store.page({ limit, order, after, accountId: account });
    return listBody(keys.map(keyView), hasMore);
  }

  @Get(':id')
  @TakesNoQuery()
  async find(@Param('id') id: string): Promise<KeyView> {
    return keyView(existing(await this.store.find(id)));
  }

  @Patch(':id')
  @TakesNoQuery()
  async update(@Param('id') id: string, @Req() request: Request): Promise<KeyView> {
    const input = await checked(KeyChanges, await readJsonBody(request, { maxBytes: MAX_BODY_BYTES }));
    return keyView(existing(await this.store.update(id, changedSettings(input))));
  }

  @Delete(':id')
  @TakesNoQuery()
  async revoke(@Param('id') id: string): Promise<KeyView> {
    return keyView(existing(await this.store.revoke(id)));
  }
}

function existing(record: KeyRecord | undefined): KeyRecord {
  if (!record) throw new GatewayError('not_found', 'There is no such key.');
  return record;
}
