import { Controller, Get, Param, Patch, Req, UseGuards } from '@nestjs/common';
import type { Request } from 'express';
import { GatewayError } from '../base/errors/gateway-error.js';
import { IsInt, IsOptional, Max, Min } from '../base/shape/class-validator.js';
import { readJsonBody } from '../http/read-json-body.js';
import { AccountStore, type AccountRecord } from '../payments/accounts/account-store.js';
import { AdminGuard } from './admin-guard.js';
import { checked } from './checked.js';

const MAX_BODY_BYTES = 4096;

/** Absent keeps the value, null restores the configured default. */
class AccountChanges {
  @IsOptional()
  @IsInt()
  @Min(0)
  @Max(Number.MAX_SAFE_INTEGER)
  max_stored_bytes?: number | null;
}

@Controller('admin/accounts')
@UseGuards(AdminGuard)
export class AdminAccountsController {
  constructor(private readonly accounts: AccountStore) {}

  @Get(':id')
  async find(@Param('id') id: string): Promise<object> {
    return accountView(await this.accounts.find(id));
  }

  @Patch(':id')
  async update(@Param('id') id: string, @Req() request: Request): Promise<object> {
    const { max_stored_bytes: bytes } = await checked(
      AccountChanges,
      await readJsonBody(request, { maxBytes: MAX_BODY_BYTES }),
    );
    if (bytes === undefined) return this.find(id);
    return accountView(await this.accounts.setMaxStoredBytes(id, bytes));
  }
}

function accountView(account: AccountRecord | undefined): object {
  if (!account) throw new GatewayError('not_found', 'There is no such account.');
  const { id, createdAt, storedBytes, maxStoredBytes } = account;
  return {
    id,
    object: 'account',
    created_at: createdAt.toISOString(),
    stored_bytes: storedBytes,
    max_stored_bytes: maxStoredBytes,
  };
}
