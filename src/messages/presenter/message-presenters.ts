import { ComposeHeaders } from '../../payments/compose-headers.js';
import type { Outcome } from '../../payments/outcome.js';
import { withReceiptInBody } from '../../payments/with-receipts.js';
import type { BodyPresenter, HeaderFields, StreamPresenter } from '../../streaming/presenter.js';
import type { TextEvent } from '../../text/text-event.js';
import type { MessagesCommand } from '../messages.service.js';
import { MessageBody } from './message-body.js';
import { reducerOf } from './message-options.js';
import { MessageStream } from './message-stream.js';

/** How one surface shows Messages. */
export interface MessagePresenters {
  readonly stream: (command: MessagesCommand) => StreamPresenter<Outcome<TextEvent>>;
  readonly body: (command: MessagesCommand) => BodyPresenter<Outcome<TextEvent>>;
}

/** Anthropic's shape and nothing else. */
export const externalMessages: MessagePresenters = {
  stream: (command) => new MessageStream(reducerOf(command, 'stream'), command.call.origin.requestId, false),
  body: (command) => new MessageBody(reducerOf(command, 'whole')),
};

/**
 * With receipts and the Compose headers. The receipt is a field of the last event: clients of this wire fail on events
 * that they do not know.
 */
export const nativeMessages: MessagePresenters = {
  stream: (command) => new NativeStream(command),
  body: (command) =>
    withReceiptInBody(
      new MessageBody(reducerOf(command, 'whole'), capFields(command)),
      command.call.responseId,
    ),
};

/** Tells a client that asked for more than the model gives. A cap that the budget sets is lower, and replaces it. */
function capFields({ request, call }: MessagesCommand): HeaderFields {
  const { maxOutputTokens } = call.request.resolved.model;
  return (request.maxTokens ?? 0) > maxOutputTokens
    ? { 'x-compose-output-cap': String(maxOutputTokens) }
    : {};
}

class NativeStream extends MessageStream {
  private readonly compose: ComposeHeaders;

  constructor(private readonly command: MessagesCommand) {
    super(reducerOf(command, 'stream'), command.call.origin.requestId, true);
    this.compose = new ComposeHeaders(command.call.responseId);
  }

  override headers(): HeaderFields {
    return { ...capFields(this.command), ...this.compose.fields() };
  }

  override frames(item: Outcome<TextEvent>): string {
    this.compose.notice(item);
    return super.frames(item);
  }
}
