import { Injectable, Logger } from '@nestjs/common';
import { GatewayError } from '../base/errors/gateway-error.js';
import { EACH_THIRD_OF_A_LEASE, Recurs } from '../base/work/worker.js';
import type { RecordEnd } from '../payments/call-record.js';
import { recordEvent } from './background/event-log.js';
import { concludeLog } from './domain/conclude-log.js';
import { envelopeJson } from './domain/response-json.js';
import { recordItem } from './record-item.js';
import { ResponseStore, type LeftBehind } from './response-store.js';

/** Responses that one query reads, each with all its logged events. */
const ROUND = 20;
const MOST_ROUNDS = 100;

/** Writes the end of responses whose process died, as clients see it. Their money was settled with their hold. */
@Injectable()
export class LeftBehindResponses {
  private readonly logger = new Logger(LeftBehindResponses.name);

  constructor(private readonly store: ResponseStore) {}

  @Recurs({ name: 'a sweep of responses', every: EACH_THIRD_OF_A_LEASE, phase: 'upkeep' })
  async sweep(): Promise<void> {
    for (let round = 0; round < MOST_ROUNDS; round += 1) {
      const found = await this.store.leftBehind(ROUND);
      let ended = 0;
      for (const left of found) ended += await this.finish(left);
      if (found.length < ROUND || ended === 0) return;
    }
  }

  /** A response that cannot be ended must not block the others. @returns how many were ended. */
  private async finish(left: LeftBehind): Promise<number> {
    try {
      await this.store.finishLeftBehind(endOf(left));
      return 1;
    } catch (failure) {
      this.logger.error({ msg: 'a response cannot be ended', responseId: left.object.id, err: failure });
      return 0;
    }
  }
}

/** The output is made from the logged events. */
function endOf({ object, events }: LeftBehind): RecordEnd {
  const error = new GatewayError('server_error');
  const ended = concludeLog(object, events, error, Math.floor(Date.now() / 1000));
  const { response } = ended.terminal;
  return {
    responseId: response.id,
    status: response.status,
    envelopeJson: envelopeJson(response),
    output: response.output.map(recordItem),
    events: events.length === 0 ? [] : [...ended.events, ended.terminal].map(recordEvent),
  };
}
