import { Injectable } from '@nestjs/common';
import type { Observable } from 'rxjs';
import { TextCalls, type TextCall } from '../../providers/calls/text-calls.js';
import { newId } from '../../base/ids.js';
import type { JsonObject } from '../../base/json.js';
import type { CallOrigin } from '../../payments/charged-work.js';
import type { OnceCall } from '../../payments/once/recorded-answer.js';
import type { Outcome } from '../../payments/outcome.js';
import type { TextEvent } from '../../text/text-event.js';
import type { Demand } from '../../streaming/demand.js';
import { ContextReader } from '../context-reader.js';
import { isOfUser } from '../domain/compacted.js';
import { storedInput } from '../domain/stored-input.js';
import type { ResponsesRequest } from '../responses-request.js';
import { clientParamsOf } from '../bridge/client-params.js';
import { askForSummary } from './compaction-request.js';
import { Compactions, type WriteCompaction } from './compactions.js';
import { refuseSilence } from './refuse-silence.js';

/** A compaction that is ready for its hold. */
export interface CompactionCommand {
  readonly call: TextCall;
  /** The user's messages, which stay as they are. */
  readonly kept: readonly JsonObject[];
  readonly write: WriteCompaction;
}

/** Asks a model for the summary of a conversation. Nothing of it is stored. */
@Injectable()
export class CompactionService {
  constructor(
    private readonly calls: TextCalls,
    private readonly contexts: ContextReader,
    private readonly compactions: Compactions,
  ) {}

  /** @throws GatewayError for a missing model, chain or item. */
  async command(request: ResponsesRequest, origin: CallOrigin): Promise<CompactionCommand> {
    const resolved = this.calls.resolve(request.model);
    const { prompt, history, input } = await this.contexts.read({
      request,
      resolved,
      payer: origin.payer,
    });
    const call = this.calls.prepare(
      {
        resolved,
        prompt: askForSummary(prompt),
        stream: false,
        toClientParam: clientParamsOf(request.body),
      },
      origin,
    );
    return {
      call,
      kept: [...history, ...input].filter(isOfUser).map((item) => storedInput(item, newId)),
      write: await this.compactions.writerFor(origin.payer),
    };
  }

  /** Cold. */
  compact({ call }: CompactionCommand, demand: Demand, once?: OnceCall): Observable<Outcome<TextEvent>> {
    return this.calls.run(call, { demand, shape: refuseSilence, once });
  }
}
