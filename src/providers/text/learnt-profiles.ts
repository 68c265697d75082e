import type { Profile } from '../../catalog/profile.js';
import { remedied, type Remedy } from './remedy.js';

/** Maximum number of models remembered for one provider; the oldest entry is dropped. */
const MAX_MODELS = 1_000;
/** Maximum for one model: not many more fields could be left out. */
const MAX_REMEDIES = 32;

/** The lessons of refusals by a provider's models, kept as long as the process and the provider's settings. */
export class LearntProfiles {
  private readonly remedies = new Map<string, readonly Remedy[]>();

  constructor(private readonly profile: Profile) {}

  /** @param trial a remedy that is not known to help yet */
  of(model: string, trial: Remedy | undefined): Profile {
    const known = this.remedies.get(model) ?? [];
    return known.length === 0 && !trial
      ? this.profile
      : remedied(this.profile, trial ? [...known, trial] : known);
  }

  /** Remembers a remedy with which the model accepted a request, if it took one. */
  learn(model: string, remedy: Remedy | undefined): void {
    if (!remedy) return;
    const known = this.remedies.get(model) ?? [];
    const word = JSON.stringify(remedy);
    if (known.length >= MAX_REMEDIES || known.some((other) => JSON.stringify(other) === word)) return;
    this.remedies.set(model, [...known, remedy]);
    const [oldest] = this.remedies.keys();
    if (this.remedies.size > MAX_MODELS && oldest !== undefined) this.remedies.delete(oldest);
  }
}
