import type { GatewayError } from '../../base/errors/gateway-error.js';
import type { Receipt } from '../../base/money/receipt.js';
import { receiptInBody } from '../../base/money/receipt-json.js';
import type { Outcome } from '../../payments/outcome.js';
import { anthropicError } from '../../streaming/anthropic-wire.js';
import { namedFrame } from '../../streaming/frames.js';
import type { HeaderFields, StreamPresenter } from '../../streaming/presenter.js';
import type { TextEvent } from '../../text/text-event.js';
import type { MessageReducer } from '../domain/message-reducer.js';

/**
 * Claude Code drops a stream that gives it bytes but no event for ten minutes, and repeats the call. A ping is no event.
 */
const EVENT_EVERY_MS = 240_000;

/**
 * The events of one Message. Its beginning waits for the first content, so that a call that fails before is an error
 * with its own status; its end waits for the settlement.
 */
export class MessageStream implements StreamPresenter<Outcome<TextEvent>> {
  private isBegun = false;
  private lastEventMs = performance.now();
  private failed: GatewayError | undefined;
  private receipt: Receipt | undefined;

  /** @param withReceipt whether the last event has the receipt */
  constructor(
    private readonly reducer: MessageReducer,
    private readonly requestId: string,
    private readonly withReceipt: boolean,
    private readonly eventEveryMs = EVENT_EVERY_MS,
  ) {}

  headers(): HeaderFields {
    return {};
  }

  frames(item: Outcome<TextEvent>): string {
    if ('receipt' in item) this.receipt = item.receipt;
    if ('failure' in item) this.failed ??= item.failure;
    if (!('event' in item) || this.failed) return '';
    const events = this.reducer.accept(item.event);
    const isSaid = events.length > 0 || item.event.type === 'finish';
    const start = isSaid ? this.begin() : '';
    if (isSaid) this.lastEventMs = performance.now();
    return start + events.map((event) => namedFrame(event.type, JSON.stringify(event))).join('');
  }

  ping(): string | undefined {
    if (this.failed || performance.now() - this.lastEventMs < this.eventEveryMs) return undefined;
    const { nothing } = this.reducer;
    if (this.isBegun && !nothing) return undefined;
    this.lastEventMs = performance.now();
    return this.isBegun && nothing ? namedFrame(nothing.type, JSON.stringify(nothing)) : this.begin();
  }

  /** Clients take an error event alone for a failure: nothing comes after it. */
  failure(error: GatewayError): string {
    const shown = anthropicError(this.failed ?? error, {
      requestId: this.requestId,
      withDetails: this.withReceipt,
    });
    return frameOf('error', { ...shown, ...this.receiptFields() });
  }

  end(): string {
    if (this.failed) return this.failure(this.failed);
    const { ending, usage } = this.reducer;
    return (
      this.begin() +
      frameOf('message_delta', { delta: ending, usage }) +
      frameOf('message_stop', this.receiptFields())
    );
  }

  private begin(): string {
    if (this.isBegun) return '';
    this.isBegun = true;
    return frameOf('message_start', { message: this.reducer.begun });
  }

  private receiptFields(): object {
    return this.withReceipt && this.receipt ? { compose_receipt: receiptInBody(this.receipt) } : {};
  }
}

function frameOf(type: string, fields: object): string {
  return namedFrame(type, JSON.stringify({ type, ...fields }));
}
