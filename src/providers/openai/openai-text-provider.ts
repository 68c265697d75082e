import type { ProviderSettings } from '../../catalog/model.js';
import type { JsonObject } from '../../json.js';
import { headerOf } from '../http/header.js';
import { malformed } from '../http/malformed.js';
import { readErrorBody, readWhole } from '../http/read-body.js';
import type { ResponseHead } from '../http/upstream-call.js';
import type { Answer } from '../http/converse.js';
import type { UpstreamClient } from '../http/upstream-client.js';
import type { TextEvent } from '../text/text-event.js';
import type { TextAttempt, TextProvider } from '../text/text-provider.js';
import type { UpstreamFailure } from '../upstream-failure.js';
import { connectOpenAi } from './connect.js';
import { convertAnswer } from './convert-answer.js';
import { convertRequest } from './convert-request.js';
import { mapRefusal } from './map-error.js';
import { StreamReader } from './stream-reader.js';

/** Any server that speaks OpenAI's chat wire. */
export class OpenAiTextProvider implements TextProvider {
  private readonly client: UpstreamClient;

  constructor(private readonly settings: ProviderSettings) {
    this.client = connectOpenAi(settings);
  }

  async *generate(attempt: TextAttempt): AsyncGenerator<readonly TextEvent[]> {
    const { request, target, signal, onSent, beforeSending } = attempt;
    const body = JSON.stringify(convertRequest(request, target));
    const { timeoutMs, backgroundTimeoutMs } = this.settings;
    const accept = request.stream ? 'text/event-stream' : 'application/json';
    const headers = { accept, 'content-type': 'application/json' };
    const answer = this.client.send(
      { method: 'POST', path: '/chat/completions', headers, body },
      {
        signal,
        onSent,
        beforeSending,
        stream: request.stream,
        timeoutMs: request.background === true ? backgroundTimeoutMs : timeoutMs,
      },
    );
    try {
      const head = await answer.head();
      if (head.status < 200 || head.status > 299) throw await refused(answer, head, request.chat);
      const opened: TextEvent = {
        type: 'opened',
        provider: target.provider.id,
        upstreamModel: target.upstreamModel,
        attempts: attempt.attempt,
      };
      if (request.stream) yield* streamed(answer, opened, request.chat);
      else yield [opened, ...convertAnswer(await readWhole(answer))];
    } finally {
      answer.close();
    }
  }

  /** Takes no more calls and resolves when the running ones have ended. */
  close(): Promise<void> {
    return this.client.close();
  }

  /** Breaks what is still running. */
  destroy(): Promise<void> {
    return this.client.destroy();
  }
}

/**
 * `opened` travels with the first event after it, so that a stream that breaks before it has said anything is still
 * an attempt that may be made again. What was said before a failure goes out before it is thrown, however it was cut.
 */
async function* streamed(
  answer: Answer,
  opened: TextEvent,
  chat: JsonObject,
): AsyncGenerator<readonly TextEvent[]> {
  const reader = new StreamReader(chat);
  let unannounced: TextEvent | undefined = opened;
  for (;;) {
    const chunks = await answer.read();
    const { events, ended, failure } = reader.accept(chunks);
    if (events.length > 0) {
      yield unannounced ? [unannounced, ...events] : events;
      unannounced = undefined;
    }
    if (failure) throw failure.reason;
    if (ended) return;
  }
}

async function refused(answer: Answer, head: ResponseHead, chat: JsonObject): Promise<UpstreamFailure> {
  const body = await readErrorBody(answer);
  if (head.status < 400) return malformed(`status ${head.status}`);
  return mapRefusal(head.status, body, {
    chat,
    nowMs: Date.now(),
    retryAfter: headerOf(head, 'retry-after'),
  });
}
