import { Injectable } from '@nestjs/common';
import {
  ResponseRecords,
  type ResponseRecord,
  type Thread,
  type ThreadRequest,
} from '../../providers/calls/response-records.js';
import type { GatewayError } from '../../base/errors/gateway-error.js';
import { TextCalls, type TextCall } from '../../providers/calls/text-calls.js';
import { newId } from '../../base/ids.js';
import type { JsonObject } from '../../base/json.js';
import type { Ending, RecordEnd, RecordStart } from '../../payments/call-record.js';
import type { Measurement } from '../../base/money/meter.js';
import type { TextEvent } from '../../text/text-event.js';
import { objectsIn, textIn } from '../../base/json-fields.js';
import { ContextReader } from '../context-reader.js';
import { ResponseStore } from '../response-store.js';
import { parseResponsesRequest } from '../responses-request.js';
import { recordInput } from '../record-item.js';
import { echoedSettings } from '../response-settings.js';
import { ResponseRun } from '../response-run.js';
import { RunningResponses } from '../running-responses.js';
import { settingsFromChat } from './from-chat.js';
import { itemsFromChat } from './items-from-chat.js';

/** Records calls of other APIs as Responses whose events nobody sees. */
@Injectable()
export class ChatCallsAsResponses extends ResponseRecords {
  constructor(
    private readonly running: RunningResponses,
    private readonly contexts: ContextReader,
    private readonly store: ResponseStore,
    private readonly calls: TextCalls,
  ) {
    super();
  }

  recordOf(
    { responseId, createdAtMs }: Pick<TextCall, 'responseId' | 'createdAtMs'>,
    chat: JsonObject,
    previousResponseId?: string,
  ): ResponseRecord {
    const items = itemsOf(chat);
    const run = new ResponseRun({
      responseId,
      createdAtMs,
      settings: {
        ...echoedSettings(settingsFromChat(chat)),
        model: textIn(chat['model']) ?? '',
        background: false,
        store: true,
        previous_response_id: previousResponseId ?? null,
      },
      tools: new Map(),
      input: items.map(recordInput),
      streamed: false,
    });
    return new ChatCallAsResponse(responseId, run, this.running);
  }

  async threadOf({ payer, previousResponseId, chat }: ThreadRequest): Promise<Thread> {
    const tools = await this.store.toolsOf(payer, previousResponseId);
    const request = parseResponsesRequest({
      model: chat['model'],
      previous_response_id: previousResponseId,
      input: itemsOf(chat),
      tools,
    });
    const resolved = this.calls.resolve(request.model);
    const { prompt } = await this.contexts.read({ request, resolved, payer });
    return { messages: prompt.messages, tools: prompt.tools };
  }
}

function itemsOf(chat: JsonObject): readonly JsonObject[] {
  return itemsFromChat(objectsIn(chat['messages']), () => newId('call'));
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
