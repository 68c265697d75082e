import { Injectable } from '@nestjs/common';
import { ResponseRecords, type ResponseRecord } from '../../providers/calls/response-records.js';
import type { GatewayError } from '../../base/errors/gateway-error.js';
import type { TextCall } from '../../providers/calls/text-calls.js';
import { newId } from '../../base/ids.js';
import type { JsonObject } from '../../base/json.js';
import type { Ending, RecordEnd, RecordStart } from '../../payments/call-record.js';
import type { Measurement } from '../../base/money/meter.js';
import type { TextEvent } from '../../text/text-event.js';
import { objectsIn, textIn } from '../../base/json-fields.js';
import { recordInput } from '../record-item.js';
import { echoedSettings } from '../response-settings.js';
import { ResponseRun } from '../response-run.js';
import { RunningResponses } from '../running-responses.js';
import { settingsFromChat } from './from-chat.js';
import { itemsFromChat } from './items-from-chat.js';

/** Records chat calls as Responses whose events nobody sees. */
@Injectable()
export class ChatCallsAsResponses extends ResponseRecords {
  constructor(private readonly running: RunningResponses) {
    super();
  }

  recordOf({ responseId, createdAtMs }: TextCall, chat: JsonObject): ResponseRecord {
    const items = itemsFromChat(objectsIn(chat['messages']), () => newId('call'));
    const run = new ResponseRun({
      responseId,
      createdAtMs,
      settings: {
        ...echoedSettings(settingsFromChat(chat)),
        model: textIn(chat['model']) ?? '',
        background: false,
        store: true,
        previous_response_id: null,
      },
      tools: new Map(),
      input: items.map(recordInput),
      streamed: false,
    });
    return new ChatCallAsResponse(responseId, run, this.running);
  }
}

class ChatCallAsResponse implements ResponseRecord {
  constructor(
    private readonly responseId: string,
    private readonly run: ResponseRun,
    private readonly runs: RunningResponses,
  ) {}

  running(): AbortSignal {
    return this.runs.add(this.responseId);
  }

  observe(event: TextEvent): void {
    this.run.accept(event);
  }

  done(): void {
    this.runs.remove(this.responseId);
  }

  start(): RecordStart | undefined {
    return this.run.start();
  }

  end(ending: Ending, measurement: Measurement | undefined): RecordEnd | undefined {
    return this.run.end(ending, measurement);
  }

  endWithout(error: GatewayError): RecordEnd | undefined {
    return this.run.endWithout(error);
  }
}
