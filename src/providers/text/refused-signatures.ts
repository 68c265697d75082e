import { createHash } from 'node:crypto';
import type { Trial } from './remedy.js';

/** The newest are kept; each takes about 100 bytes. */
const MAX_REMEMBERED = 10_000;

/**
 * Signatures that a provider did not accept, so that a conversation that has one is refused once and not at each
 * later turn. Known to this process alone: another one learns it with its own first refusal.
 */
export class RefusedSignatures {
  private readonly hashes = new Set<string>();

  has(signature: string): boolean {
    return this.hashes.size > 0 && this.hashes.has(hashOf(signature));
  }

  /** Once more without these signatures; undefined where all were known, since the same request would go up again. */
  trialWithout(signatures: Iterable<string>, trial: Trial | undefined): Trial | undefined {
    return this.add(signatures) ? (trial ?? { remedy: {} }) : undefined;
  }

  /** @returns whether one of them is new, so that a request without them is another request */
  add(signatures: Iterable<string>): boolean {
    let isNew = false;
    for (const signature of signatures) {
      const hash = hashOf(signature);
      isNew ||= !this.hashes.has(hash);
      this.hashes.delete(hash);
      this.hashes.add(hash);
    }
    for (const oldest of this.hashes) {
      if (this.hashes.size <= MAX_REMEMBERED) break;
      this.hashes.delete(oldest);
    }
    return isNew;
  }
}

function hashOf(signature: string): string {
  return createHash('sha256').update(signature).digest('base64');
}
