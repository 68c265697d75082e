import { withReceiptInBody, withReceipts } from '../../payments/with-receipts.js';
import type { ChatPresenters } from '../chat-endpoint.js';
import { ExternalBodyPresenter } from './external-body-presenter.js';
import { streamOptions } from './external-presenters.js';
import { ExternalStreamPresenter } from './external-stream-presenter.js';

/** The answers of the external surface, with usage in every stream, and with receipts. */
export const nativePresenters: ChatPresenters = {
  stream: (command) =>
    withReceipts(
      new ExternalStreamPresenter({ ...streamOptions(command), alwaysUsage: true }),
      command.call.responseId,
    ),
  body: (command) =>
    withReceiptInBody(new ExternalBodyPresenter(streamOptions(command)), command.call.responseId),
};
