import type { ProviderSettings, Target } from '../catalog/model.js';

/** Longer messages are cut. */
const MAX_LENGTH = 300;
/** Only this many characters of a message are read. */
const MAX_READ = 2_048;
/** A shorter name is likely to be a word. */
const MIN_SECRET_LENGTH = 4;
const BLANK = '[…]';

/** Each call has them at hand. */
const secretsByProvider = new WeakMap<ProviderSettings, readonly string[]>();

/**
 * Texts that no message about a provider may contain: its keys, its headers, one of which may be a key, and its host,
 * which need not look like one.
 */
export function secretsOf(provider: ProviderSettings): readonly string[] {
  const known = secretsByProvider.get(provider);
  if (known) return known;
  const { apiKey, apiKeys = [], headers, baseUrl } = provider;
  const { host, hostname } = new URL(baseUrl);
  const all = [
    ...(apiKey === undefined ? [] : [apiKey]),
    ...apiKeys.map(({ key }) => key),
    ...Object.values(headers),
    host,
    hostname,
  ];
  secretsByProvider.set(provider, all);
  return all;
}

/** The same for clients of a model: they know it by its own id, and not by a target's name for it. */
export function secretsOfTarget(
  { provider, upstreamModel }: Target,
  model: { readonly id: string },
): readonly string[] {
  return [...secretsOf(provider), ...(upstreamModel === model.id ? [] : [upstreamModel])];
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

/** Whether a word has one of these in it. */
export function hasSecret(word: string, secrets: readonly string[]): boolean {
  return secrets.some((secret) => isSecret(secret) && word.includes(secret));
}

function isSecret(text: string): boolean {
  return text.length >= MIN_SECRET_LENGTH;
}

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
    if (isSecret(secret)) cleaned = cleaned.replaceAll(secret, BLANK);
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
