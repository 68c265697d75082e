import { Controller, Get, Param, Query } from '@nestjs/common';
import { GatewayError } from '../base/errors/gateway-error.js';
import { type Account, CurrentAccount, ForAccounts } from '../http/account-guard.js';
import { receiptInBody } from '../base/money/receipt-json.js';
import { ReceiptStore } from '../payments/receipts/receipt-store.js';
import { parsePage, type Query as QueryFields } from '../base/shape/page-query.js';

/** The receipts of the caller's account. Native only: the external surface has no receipts. */
@Controller('v1/receipts')
@ForAccounts()
export class ReceiptsController {
  constructor(private readonly receipts: ReceiptStore) {}

  @Get()
  async list(@CurrentAccount() account: Account, @Query() query: QueryFields): Promise<object> {
    const { receipts, hasMore } = await this.receipts.page(account.id, parsePage(query, 'desc'));
    return {
      object: 'list',
      data: receipts.map(receiptInBody),
      first_id: receipts[0]?.id ?? null,
      last_id: receipts.at(-1)?.id ?? null,
      has_more: hasMore,
    };
  }

  @Get(':id')
  async find(@CurrentAccount() account: Account, @Param('id') id: string): Promise<object> {
    const receipt = await this.receipts.find(account.id, id);
    if (!receipt) throw new GatewayError('receipt_not_found', `Receipt with id '${id}' not found.`);
    return receiptInBody(receipt);
  }
}
