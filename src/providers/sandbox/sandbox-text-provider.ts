import { setImmediate as breathe, setTimeout as sleep } from 'node:timers/promises';
import { GatewayError } from '../../base/errors/gateway-error.js';
import type { Usage } from '../../base/money/usage.js';
import { failureOfStatus } from '../map-status.js';
import type { TextEvent } from '../../text/text-event.js';
import type { TextAttempt, TextProvider } from '../text/text-provider.js';
import type { TextRequest } from '../text/text-request.js';
import { UpstreamFailure } from '../upstream-failure.js';
import { planAnswer, textOf } from './plan-answer.js';
import { parseSandboxOptions, type SandboxOptions } from './sandbox-options.js';
import { countTokens } from './sandbox-tokens.js';
import { speak, type Spoken } from './speak.js';

/** Maximum number of events before other work of the process gets its turn. */
const MAX_BATCH_EVENTS = 256;

interface Count {
  reasoning: number;
  output: number;
}

/** Deterministic models without a network. A requested failure is never the target's fault. */
export class SandboxTextProvider implements TextProvider {
  async *generate(attempt: TextAttempt): AsyncGenerator<readonly TextEvent[]> {
    const { request, target, signal, onSent } = attempt;
    const options = parseSandboxOptions(request.modelOptions);
    if (attempt.beforeSending) await attempt.beforeSending();
    signal.throwIfAborted();
    onSent();
    if (options.ttftMs > 0) await sleep(options.ttftMs, undefined, { signal });
    if (options.errorStatus !== undefined) throw blameless(failureOfStatus(options.errorStatus));

    const count: Count = { reasoning: 0, output: 0 };
    let batch: TextEvent[] = [
      {
        type: 'opened',
        provider: target.provider.id,
        upstreamModel: target.upstreamModel,
        attempts: attempt.attempt,
      },
    ];
    for (const { event, kind } of answers(request, target.upstreamModel, options)) {
      if (kind !== 'mark' || event.type === 'finish') {
        const interrupted = interruptionAt(count.output, options);
        const paused = options.delayMs > 0 && kind !== 'mark' && count.output > 0;
        if (interrupted || paused || batch.length >= MAX_BATCH_EVENTS) {
          if (batch.length > 0) yield batch;
          batch = [];
          if (interrupted === 'fail') throw broken('upstream_error');
          if (interrupted === 'hang') await hang(target.provider.silenceTimeoutMs, signal);
          if (paused) await sleep(options.delayMs, undefined, { signal });
          else await breathe(undefined, { signal });
        }
      }
      if (kind !== 'mark') count.output += 1;
      if (kind === 'reasoning') count.reasoning += 1;
      batch.push(event);
    }
    if (!options.noUsage) batch.push({ type: 'usage', usage: usageOf(request, count) });
    yield batch;
  }

  close(): Promise<void> {
    return Promise.resolve();
  }

  destroy(): Promise<void> {
    return Promise.resolve();
  }
}

/** All choices, one after another. */
function* answers(
  request: TextRequest,
  upstreamModel: string,
  options: SandboxOptions,
): Generator<Spoken, void, undefined> {
  const { prompt, model, outputCapTokens } = request;
  const capTokens = Math.min(outputCapTokens ?? model.maxOutputTokens, model.maxOutputTokens);
  const answer = planAnswer(upstreamModel, prompt, options.tokens);
  for (let choice = 0; choice < prompt.choices; choice += 1) yield* speak(answer, choice, capTokens);
}

function interruptionAt(tokens: number, options: SandboxOptions): 'fail' | 'hang' | undefined {
  if (tokens === options.failAfterTokens) return 'fail';
  return tokens === options.hangAfterTokens ? 'hang' : undefined;
}

/** Stays silent as long as an upstream can before the gateway gives up on it. */
async function hang(silenceTimeoutMs: number, signal: AbortSignal): Promise<never> {
  await sleep(silenceTimeoutMs, undefined, { signal });
  throw broken('upstream_timeout');
}

function broken(code: 'upstream_error' | 'upstream_timeout'): UpstreamFailure {
  return new UpstreamFailure(new GatewayError(code), { retryable: false, targetFault: false });
}

export function blameless({ error, options }: UpstreamFailure): UpstreamFailure {
  return new UpstreamFailure(error, { ...options, targetFault: false, ofKey: undefined });
}

function usageOf(request: TextRequest, { output, reasoning }: Count): Usage {
  const { messages } = request.prompt;
  const inputTokens = messages.reduce((sum, message) => sum + countTokens(textOf(message)), 0);
  return {
    inputTokens,
    cachedInputTokens: 0,
    cacheWriteTokens: 0,
    outputTokens: output,
    reasoningTokens: reasoning,
  };
}
