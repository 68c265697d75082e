import { receiptInBody } from '../../base/money/receipt-json.js';
import { withReceiptInBody, withReceipts } from '../../payments/with-receipts.js';
import type { ResponseCommand } from '../responses.service.js';
import { AcceptedPresenter } from './accepted-presenter.js';
import { ReplayPresenter } from './replay-presenter.js';
import type { ResponsePresenters } from './response-presenters.js';
import { ResponseBodyPresenter, ResponseStreamPresenter } from './external-response-presenters.js';
import type { Decorate } from './response-events.js';

/** Terminal objects carry their receipt. */
export const withComposeReceipt: Decorate = (response, receipt) =>
  receipt ? { ...response, compose_receipt: receiptInBody(receipt) } : response;

/** The answers of the external surface, with receipts. */
export const nativeResponsePresenters: ResponsePresenters = {
  stream: ({ run, call }: ResponseCommand) =>
    withReceipts(new ResponseStreamPresenter(run, withComposeReceipt), call.responseId),
  body: ({ run, call }: ResponseCommand) =>
    withReceiptInBody(new ResponseBodyPresenter(run), call.responseId),
  accepted: ({ run, call }: ResponseCommand) =>
    withReceiptInBody(new AcceptedPresenter(run), call.responseId),
  followed: (responseId) => withReceipts(new ReplayPresenter(withComposeReceipt), responseId),
  stored: withComposeReceipt,
};
