import { Controller, Get, Param, Query } from '@nestjs/common';
import { GatewayError } from '../base/errors/gateway-error.js';
import { type Caller, CurrentCaller } from '../http/caller.js';
import { receiptInBody } from '../money/receipt-json.js';
import { KeyAuthenticator } from '../payments/keys/key-authenticator.js';
import { ReceiptStore } from '../payments/receipts/receipt-store.js';
import { parsePage, type Query as QueryFields } from '../base/shape/page-query.js';

/** The receipts of the caller's account. Native only: the external surface knows no receipts. */
@Controller('v1/receipts')
export class ReceiptsController {
  constructor(
    private readonly receipts: ReceiptStore,
    private readonly keys: KeyAuthenticator,
  ) {}

  @Get()
  async list(@CurrentCaller() caller: Caller, @Query() query: QueryFields): Promise<object> {
    const accountId = await this.accountOf(caller);
    const { receipts, hasMore } = await this.receipts.page(accountId, parsePage(query, 'desc'));
    return {
      object: 'list',
      data: receipts.map(receiptInBody),
      first_id: receipts[0]?.id ?? null,
      last_id: receipts.at(-1)?.id ?? null,
      has_more: hasMore,
    };
  }

  @Get(':id')
  async find(@CurrentCaller() caller: Caller, @Param('id') id: string): Promise<object> {
    const receipt = await this.receipts.find(await this.accountOf(caller), id);
    if (!receipt) throw new GatewayError('receipt_not_found', `Receipt with id '${id}' not found.`);
    return receiptInBody(receipt);
  }

  private async accountOf(caller: Caller): Promise<string> {
    return (await this.keys.authenticate(caller)).accountId;
  }
}
