import type { ProviderSettings } from '../catalog/model.js';

/** Longer messages are cut. */
const MAX_LENGTH = 300;
/** Only this many characters of a message are read. */
const MAX_READ = 2_048;
/** A shorter name is likely to be a word. */
const MIN_SECRET_LENGTH = 4;
const BLANK = '[…]';

/** Secrets that no message about a provider may contain: its keys, and its headers, one of which may be a key. */
export function secretsOf({ apiKey, apiKeys = [], headers }: ProviderSettings): readonly string[] {
  return [
    ...(apiKey === undefined ? [] : [apiKey]),
    ...apiKeys.map(({ key }) => key),
    ...Object.values(headers),
  ];
}

/** Where a stack trace begins. */
const TRACE = /\s*(?:\r?\n|Traceback \(most recent call last\)|\bat (?:async )?[\w$.<>]+ \()/;

const PRIVATE: readonly RegExp[] = [
  /\b[a-z][a-z0-9+.-]*:\/\/[^\s"'<>)\]]+/gi, // addresses
  /\b(?:[a-z0-9-]+\.)+(?:com|net|org|io|ai|dev|cn|internal|local|svc|cloud)(?::\d+)?(?:\/[^\s"'<>)\]]*)?(?![\w])/gi,
  /\b(?:\d{1,3}\.){3}\d{1,3}(?::\d+)?\b/g,
  /\b[\w.+-]+@[\w-]+(?:\.[\w-]+)+/g,
  /\bBearer\s+[^\s"']+/gi,
  /\b(?:sk|pk|rk|gsk|xai|csk|ak|key|org|proj|user|acct|req|nvapi|fw|tgp|hf|compose)[-_][\w*.-]*[\d*][\w*.-]*/gi,
  /\bAIza[\w-]{10,}/g,
  /\/(?:[\w.@-]+\/){2,}[\w.@-]+/g, // paths of files
  /\b(?=[\w-]*\d)(?=[\w-]*[A-Za-z])[\w-]{24,}/g, // any other long text that looks random
];

/**
 * An upstream's message without the operator's data: addresses, keys, ids of organisations and requests, stack traces
 * and the names in `secrets`; at most 300 characters in one line. Undefined when nothing is left.
 */
export function cleanMessage(
  message: string | undefined,
  secrets: readonly string[] = [],
): string | undefined {
  if (message === undefined) return undefined;
  // A word that is cut off at the end may be half of a secret.
  let cleaned = message.length > MAX_READ ? message.slice(0, MAX_READ).replace(/\S*$/, '') : message;
  for (const secret of secrets) {
    if (secret.length >= MIN_SECRET_LENGTH) cleaned = cleaned.replaceAll(secret, BLANK);
  }
  cleaned = cleaned.trim().split(TRACE, 1)[0] ?? '';
  for (const pattern of PRIVATE) cleaned = cleaned.replaceAll(pattern, BLANK);
  // Control characters would break lines of a log.
  cleaned = cleaned.replaceAll(/\p{Cc}+/gu, ' ').trim();
  if (cleaned === '') return undefined;
  if (cleaned.length <= MAX_LENGTH) return cleaned;
  // No character is cut in half.
  return `${cleaned.slice(0, MAX_LENGTH - 1).replace(/[\uD800-\uDBFF]$/, '')}…`;
}
