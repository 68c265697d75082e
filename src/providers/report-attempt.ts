import type { LoggerService } from '@nestjs/common';
import type { Target } from '../catalog/model.js';
import { cleanMessage, hasSecret, secretsOf } from './clean-message.js';
import { quotes } from './quotes.js';
import { UpstreamFailure, type UpstreamWords } from './upstream-failure.js';

export interface FailedAttempt {
  readonly msg: string;
  readonly requestId: string;
  readonly target: Target;
  /** 1 for the first attempt. */
  readonly attempt: number;
  /** The client's texts: a message that quotes them stays out of the log. */
  readonly texts: () => readonly string[];
}

/** Codes, types and paths of fields; any other text may be anything. */
const NAME = /^[\w.[\]:/-]{1,128}$/;

/**
 * Tells the operator why an attempt failed: every refusal by an upstream, with its own reason, and every failure that
 * is not the request's own fault. Failures that are not the upstream's (the client left, the call may not begin) are
 * reported elsewhere.
 */
export function reportAttempt(
  logger: Pick<LoggerService, 'warn'>,
  failure: unknown,
  attempt: FailedAttempt,
): void {
  if (!(failure instanceof UpstreamFailure)) return;
  const { error, options } = failure;
  const { said } = options;
  if (!said && error.status !== 429 && error.status < 500) return;
  const { msg, requestId, target } = attempt;
  logger.warn({
    msg,
    requestId,
    provider: target.provider.id,
    upstreamModel: target.upstreamModel,
    ...(target.provider.keyNumber !== undefined && { key: target.provider.keyNumber }),
    attempt: attempt.attempt,
    code: error.code,
    ...(said && { upstream: { status: said.status, ...wordsFor(said.words, attempt) } }),
    ...(error.cause !== undefined && { err: error.cause }),
  });
}

function wordsFor(
  { code, type, param, message }: UpstreamWords,
  { target, texts }: FailedAttempt,
): UpstreamWords {
  const { provider } = target;
  const secrets = secretsOf(provider);
  const cleaned = cleanMessage(message, secrets);
  const isQuote = cleaned !== undefined && !provider.logUpstreamMessages && quotes(cleaned, texts());
  return {
    code: named(code, secrets),
    type: named(type, secrets),
    param: named(param, secrets),
    message: isQuote ? '[quotes the request]' : cleaned,
  };
}

function named(word: string | undefined, secrets: readonly string[]): string | undefined {
  return word !== undefined && NAME.test(word) && !hasSecret(word, secrets) ? word : undefined;
}
