import { Logger } from '@nestjs/common';
import type { Target, TextModel } from '../catalog/model.js';
import type { MessagesCall, Prompt } from '../text/prompt.js';
import { writtenText } from '../text/counting/input-size.js';
import { lazyAffinityOf } from './affinity.js';
import { orderTargets } from './order-targets.js';
import { reportAttempt } from './report-attempt.js';
import type { TargetHealth } from './target-health.js';
import type { CountAttempt } from './text/text-provider.js';
import type { TextProviders } from './text-providers.js';

/** Whoever counts has a count of the gateway's own to fall back to. */
const TIMEOUT_MS = 5_000;
/** Counts share the connections of a provider with calls that are paid for. */
const MOST_AT_ONCE = 64;

/** A prompt to be counted, and the client's own call, which says it word for word. */
export interface CountRequest {
  readonly model: TextModel;
  readonly account: string;
  readonly prompt: Prompt;
  readonly call: MessagesCall;
  readonly requestId: string;
}

interface Limits {
  readonly timeoutMs: number;
  readonly mostAtOnce: number;
}

/** Asks the upstreams of a model how many tokens a prompt has. */
export class TextCounting {
  private readonly logger = new Logger(TextCounting.name);
  private readonly never = new AbortController().signal;
  private running = 0;

  constructor(
    private readonly providers: Pick<TextProviders, 'providerOf'>,
    private readonly health: Pick<TargetHealth, 'isUsable'>,
    private readonly limits: Limits = { timeoutMs: TIMEOUT_MS, mostAtOnce: MOST_AT_ONCE },
  ) {}

  /**
   * Input tokens as the target counts them that the call itself would go to first, of those that can count; asked once.
   * @returns undefined where none can, it fails or takes longer than 5 s, and where 64 prompts are being counted already
   */
  async count(request: CountRequest): Promise<number | undefined> {
    if (this.running >= this.limits.mostAtOnce) return undefined;
    const { model } = request;
    const target = orderTargets(model.targets, lazyAffinityOf(request)).find(
      (each) => this.health.isUsable(each) && this.countAt(each) !== undefined,
    );
    const count = target && this.countAt(target);
    if (!count) return undefined;
    this.running += 1;
    try {
      return await count({ ...request, target, signal: this.never, timeoutMs: this.limits.timeoutMs });
    } catch (failure) {
      // A limit of counts is none of calls: the target is not set aside.
      reportAttempt(this.logger, failure, {
        msg: 'a provider did not count a prompt; it is counted here',
        requestId: request.requestId,
        target,
        attempt: 1,
        texts: () => writtenText(request.prompt),
      });
      return undefined;
    } finally {
      this.running -= 1;
    }
  }

  private countAt({ provider }: Target): ((attempt: CountAttempt) => Promise<number>) | undefined {
    const adapter = this.providers.providerOf(provider);
    return adapter.countTokens?.bind(adapter);
  }
}
