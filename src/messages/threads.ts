import { Injectable } from '@nestjs/common';
import { GatewayError } from '../base/errors/gateway-error.js';
import type { JsonObject } from '../base/json.js';
import type { Payer } from '../payments/payer.js';
import { ResponseRecords, type Thread } from '../providers/calls/response-records.js';
import { withoutCacheMarks } from '../text/cache-mark.js';
import { writeChat } from '../text/chat-wire/write-chat.js';
import { writeTool } from '../text/chat-wire/write-tools.js';
import type { Prompt } from '../text/prompt.js';
import type { MessagesRequest } from './request/messages-request.js';

/** What the store gets of a call. */
export interface StoredCall {
  /** A chat-completions body: what the call adds, and its settings. */
  readonly chat: JsonObject;
  readonly previousResponseId: string | undefined;
}

interface Threaded {
  /** With everything before it. */
  readonly prompt: Prompt;
  readonly stored: StoredCall | undefined;
}

/** Conversations that the gateway keeps for their clients, as chains of Responses. */
@Injectable()
export class Threads {
  constructor(private readonly records: ResponseRecords) {}

  /** @throws GatewayError thread_not_found, or 400 for results of tools that were not called */
  async of({ thread, model }: MessagesRequest, prompt: Prompt, payer: Payer): Promise<Threaded> {
    if (!thread) return { prompt, stored: undefined };
    // Marks of the prompt cache are for one call: those of all turns would be too many.
    const added = { ...writeChat(withoutCacheMarks(prompt)), model };
    if (thread.type === 'create') return { prompt, stored: { chat: added, previousResponseId: undefined } };
    const previousResponseId = thread.previousMessageId.replace(/^msg_/, 'resp_');
    const { messages, tools } = await this.find({ payer, previousResponseId, chat: added });
    const chat = { ...added, tools: tools.map(writeTool) };
    return { prompt: { ...prompt, messages, tools }, stored: { chat, previousResponseId } };
  }

  private async find(sought: Parameters<ResponseRecords['threadOf']>[0]): Promise<Thread> {
    try {
      return await this.records.threadOf(sought);
    } catch (failure) {
      if (failure instanceof GatewayError && failure.param === 'previous_response_id')
        throw new GatewayError('thread_not_found', undefined, { param: 'thread.previous_message_id' });
      throw failure;
    }
  }
}
