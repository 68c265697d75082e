import type { Outcome } from '../../payments/outcome.js';
import { withReceiptInBody } from '../../payments/with-receipts.js';
import type { EmbeddingEvent } from '../../providers/embedding/embedding-event.js';
import type { BodyPresenter } from '../../streaming/presenter.js';
import type { EmbeddingsCommand } from '../embeddings.service.js';
import { ExternalPresenter } from './external-presenter.js';

/** How one surface shows embeddings. */
export type EmbeddingsPresenter = (command: EmbeddingsCommand) => BodyPresenter<Outcome<EmbeddingEvent>>;

export const externalPresenter: EmbeddingsPresenter = ({ request }) => new ExternalPresenter(request.model);

/** The answer of the external surface, with its receipt. */
export const nativePresenter: EmbeddingsPresenter = (command) =>
  withReceiptInBody(externalPresenter(command), command.responseId);
