import { withReceiptInBody, withReceipts } from '../../payments/with-receipts.js';
import type { ChatPresenters } from '../chat-endpoint.js';
import { ExternalBodyPresenter } from './external-body-presenter.js';
import { streamOptions } from './external-presenters.js';
import { ExternalStreamPresenter } from './external-stream-presenter.js';

/** What the external surface shows, the usage unasked, and receipts. */
export const nativePresenters: ChatPresenters = {
  stream: (command) =>
    withReceipts(
      new ExternalStreamPresenter({ ...streamOptions(command), alwaysUsage: true }),
      command.call.responseId,
    ),
  body: (command) =>
    withReceiptInBody(new ExternalBodyPresenter(streamOptions(command)), command.call.responseId),
};
