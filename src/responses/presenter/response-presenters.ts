import type { Outcome } from '../../payments/outcome.js';
import type { BodyPresenter, StreamPresenter } from '../../streaming/presenter.js';
import type { RunEvent } from '../response-run.js';
import { AcceptedPresenter } from './accepted-presenter.js';
import { ReplayPresenter, type ReplayOutcome } from './replay-presenter.js';
import type { ResponseCommand } from '../responses.service.js';
import { ResponseBodyPresenter, ResponseStreamPresenter } from './external-response-presenters.js';
import { plain, type Decorate } from './response-events.js';

/** How one surface shows Responses. */
export interface ResponsePresenters {
  readonly stream: (command: ResponseCommand) => StreamPresenter<Outcome<RunEvent>>;
  readonly body: (command: ResponseCommand) => BodyPresenter<Outcome<RunEvent>>;
  /** Presents a background run that was accepted. */
  readonly accepted: (command: ResponseCommand) => BodyPresenter<Outcome<RunEvent>>;
  /** Presents the events of a stored response. */
  readonly followed: (responseId: string) => StreamPresenter<ReplayOutcome>;
  /** Completes a stored object. */
  readonly stored: Decorate;
}

/** OpenAI's shape and nothing else. */
export const externalResponsePresenters: ResponsePresenters = {
  stream: ({ run }) => new ResponseStreamPresenter(run),
  body: ({ run }) => new ResponseBodyPresenter(run),
  accepted: ({ run }) => new AcceptedPresenter(run),
  followed: () => new ReplayPresenter(),
  stored: plain,
};
