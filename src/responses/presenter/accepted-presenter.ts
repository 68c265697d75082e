import type { Outcome } from '../../payments/outcome.js';
import type { BodyPresenter, HeaderFields } from '../../streaming/presenter.js';
import type { ResponseRun, RunEvent } from '../response-run.js';

/** A background response as it was accepted; its run goes on after the answer. */
export class AcceptedPresenter implements BodyPresenter<Outcome<RunEvent>> {
  private readonly queued: string;

  constructor(run: ResponseRun) {
    this.queued = JSON.stringify(run.snapshot());
  }

  add(): void {
    // Nothing of the run itself is shown.
  }

  headers(): HeaderFields {
    return {};
  }

  body(): string {
    return this.queued;
  }
}
