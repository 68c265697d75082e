import type { IncomingMessage, ServerResponse } from 'node:http';
import { Inject, Injectable } from '@nestjs/common';
import { GatewayError } from '../../errors/gateway-error.js';
import type { Caller } from '../../http/caller.js';
import { KeyCheck } from '../../http/key-check.js';
import { MAX_BODY_BYTES } from '../../http/max-body-bytes.js';
import { receivePaidRequest } from '../../http/receive.js';
import { Networks } from '../../payments/networks.js';
import { withReceiptInBody } from '../../payments/with-receipts.js';
import { ResponseWriter } from '../../streaming/response-writer.js';
import type { ParsedResponse } from '../responses.service.js';
import { CompactionPresenter } from './compaction-presenter.js';
import { CompactionService, type CompactionCommand } from './compaction.service.js';

/** What both surfaces do with `POST …/responses/compact`; native adds its receipt. */
@Injectable()
export class CompactionEndpoint {
  constructor(
    private readonly compaction: CompactionService,
    private readonly keys: KeyCheck,
    private readonly networks: Networks,
    private readonly writer: ResponseWriter,
    @Inject(MAX_BODY_BYTES) private readonly maxBytes: number,
  ) {}

  async compact(caller: Caller, request: IncomingMessage, response: ServerResponse): Promise<void> {
    const parsed = await receivePaidRequest(
      request,
      caller,
      this.keys,
      (body) => this.compaction.parse(body, { ...caller, chainId: this.networks.chainIdOf(caller.chainId) }),
      { maxBytes: this.maxBytes },
    );
    const command = await this.commandOrRefuse(parsed);
    const presenter = new CompactionPresenter(command);
    await this.writer.whole(
      response,
      (demand) => this.compaction.compact(command, demand),
      caller.surface === 'native' ? withReceiptInBody(presenter, command.call.responseId) : presenter,
    );
  }

  /** A bad key is told before anything that is wrong with what it asks for. */
  private async commandOrRefuse(parsed: ParsedResponse): Promise<CompactionCommand> {
    try {
      return await this.compaction.command(parsed);
    } catch (failure) {
      if (failure instanceof GatewayError) await this.keys.check(parsed.payer.keyHash);
      throw failure;
    }
  }
}
