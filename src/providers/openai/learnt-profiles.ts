import type { Profile } from '../../catalog/profile.js';
import { remedied, type Remedy } from '../text/remedy.js';

/** Models at one provider that something is remembered of; the one that has been known longest goes. */
const MAX_MODELS = 1_000;
/** Of one model: there are not many more fields that could be left out. */
const MAX_REMEDIES = 32;

/** What refusals have taught about a provider's models, for as long as the process and its settings live. */
export class LearntProfiles {
  private readonly remedies = new Map<string, readonly Remedy[]>();

  constructor(private readonly profile: Profile) {}

  /** @param trial what is not known to help yet */
  of(model: string, trial: Remedy | undefined): Profile {
    const known = this.remedies.get(model) ?? [];
    return known.length === 0 && !trial
      ? this.profile
      : remedied(this.profile, trial ? [...known, trial] : known);
  }

  /** The model took a request with it. */
  learn(model: string, remedy: Remedy): void {
    const known = this.remedies.get(model) ?? [];
    const word = JSON.stringify(remedy);
    if (known.length >= MAX_REMEDIES || known.some((other) => JSON.stringify(other) === word)) return;
    this.remedies.set(model, [...known, remedy]);
    const [oldest] = this.remedies.keys();
    if (this.remedies.size > MAX_MODELS && oldest !== undefined) this.remedies.delete(oldest);
  }
}
