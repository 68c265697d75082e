/**
 * A signature is what a provider needs back with its reasoning: its signature, or the reasoning itself in encrypted
 * form. Clients carry it unread. It begins with the scope that made it, and goes back to providers of that scope alone.
 * Scopes have the alphabet of provider ids, which has no `~`.
 */
const MARK = 'cmp1.';

/** @param payload the provider's own words, in whatever form its dialect needs */
export function scopedSignature(scope: string, payload: string): string {
  return `${prefixOf(scope)}${payload}`;
}

/** The payload for a provider of this scope; undefined for anybody else's signature. */
export function ownSignature(scope: string, signature: string): string | undefined {
  const prefix = prefixOf(scope);
  return signature.startsWith(prefix) ? signature.slice(prefix.length) : undefined;
}

/** Whether a text that came from a client is a signature of any scope. */
export function isSignature(text: unknown): text is string {
  return typeof text === 'string' && text.startsWith(MARK);
}

/** A dot ends the scope, so the dots in it are written differently. */
function prefixOf(scope: string): string {
  return `${MARK}${scope.replaceAll('.', '~')}.`;
}
