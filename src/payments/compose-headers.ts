import { type HeaderFields } from '../streaming/presenter.js';
import { type Admission, type Budget, type Outcome } from './outcome.js';

/** Names the provider and the model that answer. */
interface OpenedEvent {
  readonly type: 'opened';
  readonly provider: string;
  readonly upstreamModel: string;
  readonly attempts: number;
}

/** An event that a feature shows; it may be an `opened` one. */
export interface ShownEvent {
  readonly type: string;
}

/** The Compose headers of one answer, gathered from its outcomes; amounts are atomic USDC as of authorisation. */
export class ComposeHeaders {
  private admission: Admission | undefined;
  private opened: OpenedEvent | undefined;
  private paid: string | undefined;

  constructor(private readonly responseId: string) {}

  notice(item: Outcome<ShownEvent>): void {
    if ('event' in item) {
      if (isOpened(item.event)) this.opened = item.event;
    } else if ('admission' in item) this.admission = item.admission;
    else if ('paid' in item) this.paid = item.paid;
  }

  fields(): HeaderFields {
    const { admission, opened, paid } = this;
    return {
      'x-compose-response-id': this.responseId,
      ...(admission ? admissionFields(admission) : {}),
      ...(opened ? openedFields(opened) : {}),
      ...(paid === undefined ? {} : { 'PAYMENT-RESPONSE': paid }),
    };
  }
}

function isOpened(event: ShownEvent): event is OpenedEvent {
  return event.type === 'opened';
}

function admissionFields({ budget, loweredOutputCap }: Admission): HeaderFields {
  return {
    ...budgetFields(budget),
    ...(loweredOutputCap === undefined ? {} : { 'x-compose-output-cap': String(loweredOutputCap) }),
  };
}

/** An unlimited key has neither a limit nor a remaining amount. */
export function budgetFields({ limit, spent, held }: Budget): HeaderFields {
  const used = {
    'x-compose-key-budget-used': String(spent),
    'x-compose-key-budget-reserved': String(held),
  };
  if (limit === null) return used;
  const remaining = limit - spent - held;
  return {
    'x-compose-key-budget-limit': String(limit),
    ...used,
    'x-compose-key-budget-remaining': String(remaining > 0n ? remaining : 0n),
  };
}

function openedFields({ attempts, upstreamModel, provider }: OpenedEvent): HeaderFields {
  return {
    'x-compose-upstream-attempts': String(attempts),
    'x-compose-upstream-model': headerText(upstreamModel),
    'x-compose-upstream-provider': headerText(provider),
  };
}

/** A header holds no more than visible ASCII; a name with other characters is percent-encoded. */
function headerText(name: string): string {
  return /^[\x20-\x7e]*$/.test(name) ? name : encodeURIComponent(name);
}
