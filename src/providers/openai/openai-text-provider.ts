import type { ProviderSettings, Target } from '../../catalog/model.js';
import type { Profile } from '../../catalog/profile.js';
import type { JsonObject } from '../../json.js';
import { secretsOf } from '../clean-message.js';
import { headerOf } from '../http/header.js';
import { malformed } from '../http/malformed.js';
import { readErrorBody, readWhole } from '../http/read-body.js';
import type { ResponseHead } from '../http/upstream-call.js';
import type { Answer } from '../http/converse.js';
import type { UpstreamClient } from '../http/upstream-client.js';
import type { TextEvent } from '../text/text-event.js';
import type { TextAttempt, TextProvider } from '../text/text-provider.js';
import type { Remedy } from '../text/remedy.js';
import type { TextRequest } from '../text/text-request.js';
import { UpstreamFailure } from '../upstream-failure.js';
import { connectOpenAi } from './connect.js';
import { convertAnswer } from './convert-answer.js';
import { convertRequest } from './convert-request.js';
import { findRemedy } from './find-remedy.js';
import { LearntProfiles } from './learnt-profiles.js';
import { mapRefusal, type RequestContext } from './map-error.js';
import { readError } from '../read-error.js';
import { StreamReader } from './stream-reader.js';
import { wellFormedJson } from '../well-formed.js';

/** Any server that speaks OpenAI's chat wire. */
export class OpenAiTextProvider implements TextProvider {
  private readonly client: UpstreamClient;
  private readonly learnt: LearntProfiles;

  constructor(private readonly settings: ProviderSettings) {
    this.client = connectOpenAi(settings);
    this.learnt = new LearntProfiles(settings);
  }

  async *generate(attempt: TextAttempt): AsyncGenerator<readonly TextEvent[]> {
    const { request, target, signal, onSent, beforeSending, remedy } = attempt;
    const { upstreamModel } = target;
    const profile = this.learnt.of(upstreamModel, remedy);
    const sent = convertRequest(request, target, profile);
    const body = wellFormedJson(JSON.stringify(sent));
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
      const errors = errorContext(request, target);
      if (head.status < 200 || head.status > 299) {
        const { failure, remedy: other } = await refused(answer, head, { sent, profile, errors });
        // What it refuses now is something else.
        if (remedy && other) this.learnt.learn(upstreamModel, remedy);
        throw failure;
      }
      if (remedy) this.learnt.learn(upstreamModel, remedy);
      const opened: TextEvent = {
        type: 'opened',
        provider: target.provider.id,
        upstreamModel,
        attempts: attempt.attempt,
      };
      if (request.stream) yield* streamed(answer, opened, errors);
      else yield [opened, ...convertAnswer(await readWhole(answer), errors)];
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
  errors: RequestContext,
): AsyncGenerator<readonly TextEvent[]> {
  const reader = new StreamReader(errors);
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

interface Refused {
  readonly failure: UpstreamFailure;
  readonly remedy?: Remedy | undefined;
}

async function refused(
  answer: Answer,
  head: ResponseHead,
  asked: { readonly sent: JsonObject; readonly profile: Profile; readonly errors: RequestContext },
): Promise<Refused> {
  const body = await readErrorBody(answer);
  if (head.status < 400) return { failure: malformed(`status ${head.status}`) };
  const { error, options } = mapRefusal(head.status, body, {
    ...asked.errors,
    nowMs: Date.now(),
    retryAfter: headerOf(head, 'retry-after'),
  });
  const remedy =
    error.code === 'invalid_value'
      ? findRemedy(head.status, readError(body), asked.sent, asked.profile)
      : undefined;
  return { failure: new UpstreamFailure(error, { ...options, remedy }), remedy };
}

function errorContext(
  { chat, model, paramOf }: TextRequest,
  { provider, upstreamModel }: Target,
): RequestContext {
  const names = upstreamModel === model.id ? [] : [upstreamModel];
  return { chat, paramOf, contextWindow: model.contextWindow, secrets: [...secretsOf(provider), ...names] };
}
