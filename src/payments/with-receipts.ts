import { type GatewayError } from '../errors/gateway-error.js';
import { type TextEvent } from '../providers/text/text-event.js';
import { namedFrame } from '../streaming/frames.js';
import { type BodyPresenter, type HeaderFields, type StreamPresenter } from '../streaming/presenter.js';
import { ComposeHeaders } from './compose-headers.js';
import { receiptInBody } from './domain/receipt-json.js';
import { type Receipt } from './domain/receipt.js';
import { type Outcome } from './outcome.js';

type TextOutcome = Outcome<TextEvent>;

/** Adds what the native surface has over the external one: Compose headers, `compose.error` and `compose.receipt`. */
export function withReceipts(
  presenter: StreamPresenter<TextOutcome>,
  responseId: string,
): StreamPresenter<TextOutcome> {
  return new ReceiptedStream(presenter, new ComposeHeaders(responseId));
}

/** Adds the Compose headers, `X-Compose-Receipt` and the field `compose_receipt`. */
export function withReceiptInBody(
  presenter: BodyPresenter<TextOutcome>,
  responseId: string,
): BodyPresenter<TextOutcome> {
  return new ReceiptedBody(presenter, new ComposeHeaders(responseId));
}

/** The receipt waits for the end: the usage chunk goes before it. */
class ReceiptedStream implements StreamPresenter<TextOutcome> {
  private receipt: Receipt | undefined;

  constructor(
    private readonly presenter: StreamPresenter<TextOutcome>,
    private readonly compose: ComposeHeaders,
  ) {}

  headers(): HeaderFields {
    return { ...this.presenter.headers(), ...this.compose.fields() };
  }

  frames(item: TextOutcome): string {
    this.compose.notice(item);
    const frames = this.presenter.frames(item);
    if ('receipt' in item) this.receipt = item.receipt;
    return 'failure' in item ? frames + errorFrame(item.failure) : frames;
  }

  failure(error: GatewayError): string {
    return this.presenter.failure(error) + errorFrame(error) + this.receiptFrame();
  }

  end(): string {
    return this.presenter.end() + this.receiptFrame();
  }

  private receiptFrame(): string {
    return this.receipt ? namedFrame('compose.receipt', JSON.stringify(this.receipt)) : '';
  }
}

class ReceiptedBody implements BodyPresenter<TextOutcome> {
  private receipt: Receipt | undefined;

  constructor(
    private readonly presenter: BodyPresenter<TextOutcome>,
    private readonly compose: ComposeHeaders,
  ) {}

  add(item: TextOutcome): void {
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

function errorFrame({ code, message, details }: GatewayError): string {
  return namedFrame('compose.error', JSON.stringify({ code, message, details }));
}
