import { type GatewayError } from '../base/errors/gateway-error.js';
import { namedFrame } from '../streaming/frames.js';
import { type BodyPresenter, type HeaderFields, type StreamPresenter } from '../streaming/presenter.js';
import { ComposeHeaders, type ShownEvent } from './compose-headers.js';
import { receiptInBody } from '../base/money/receipt-json.js';
import { type Receipt } from '../base/money/receipt.js';
import { type Outcome } from './outcome.js';

type AnyOutcome = Outcome<ShownEvent>;

/** Adds what only the native surface has: Compose headers, `compose.error` and `compose.receipt`. */
export function withReceipts<Item extends AnyOutcome>(
  presenter: StreamPresenter<Item>,
  responseId: string,
): StreamPresenter<Item> {
  return new ReceiptedStream(presenter, new ComposeHeaders(responseId));
}

/** Adds the Compose headers, `X-Compose-Receipt` and the field `compose_receipt`. */
export function withReceiptInBody<Item extends AnyOutcome>(
  presenter: BodyPresenter<Item>,
  responseId: string,
): BodyPresenter<Item> {
  return new ReceiptedBody(presenter, new ComposeHeaders(responseId));
}

/** The error and the receipt come at the end, after the surface's own last frames. */
class ReceiptedStream<Item extends AnyOutcome> implements StreamPresenter<Item> {
  private receipt: Receipt | undefined;
  private failed: GatewayError | undefined;

  constructor(
    private readonly presenter: StreamPresenter<Item>,
    private readonly compose: ComposeHeaders,
  ) {}

  headers(): HeaderFields {
    return { ...this.presenter.headers(), ...this.compose.fields() };
  }

  frames(item: Item): string {
    this.compose.notice(item);
    const frames = this.presenter.frames(item);
    if ('receipt' in item) this.receipt = item.receipt;
    if ('failure' in item) this.failed = item.failure;
    return frames;
  }

  failure(error: GatewayError): string {
    return this.presenter.failure(error) + composeError(this.failed ?? error) + this.receiptFrame();
  }

  end(): string {
    return this.presenter.end() + (this.failed ? composeError(this.failed) : '') + this.receiptFrame();
  }

  private receiptFrame(): string {
    return this.receipt ? composeReceipt(this.receipt) : '';
  }
}

class ReceiptedBody<Item extends AnyOutcome> implements BodyPresenter<Item> {
  private receipt: Receipt | undefined;

  constructor(
    private readonly presenter: BodyPresenter<Item>,
    private readonly compose: ComposeHeaders,
  ) {}

  add(item: Item): void {
    this.compose.notice(item);
    this.presenter.add(item);
    if ('receipt' in item) this.receipt = item.receipt;
  }

  headers(): HeaderFields {
    const fields = { ...this.presenter.headers(), ...this.compose.fields() };
    if (!this.receipt) return fields;
    const receipt = Buffer.from(JSON.stringify(this.receipt)).toString('base64url');
    return { ...fields, 'X-Compose-Receipt': receipt };
  }

  body(): string {
    const body = this.presenter.body();
    if (!this.receipt) return body;
    // The body is one JSON object with fields; the receipt becomes its last one.
    return `${body.slice(0, -1)},"compose_receipt":${JSON.stringify(receiptInBody(this.receipt))}}`;
  }
}

/** The structured error of a stream that has begun. */
export function composeError({ code, message, details }: GatewayError): string {
  return namedFrame('compose.error', JSON.stringify({ code, message, details }));
}

export function composeReceipt(receipt: Receipt): string {
  return namedFrame('compose.receipt', JSON.stringify(receipt));
}
