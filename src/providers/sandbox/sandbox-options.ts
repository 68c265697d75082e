import { GatewayError } from '../../base/errors/gateway-error.js';

/** How a sandbox text model behaves; all counts are tokens of the whole answer, every choice included. */
export interface SandboxOptions {
  /** Time to the first token. */
  readonly ttftMs: number;
  /** Pause between two tokens. */
  readonly delayMs: number;
  /** Length of the answer's text. */
  readonly tokens: number | undefined;
  /** Refuse with this HTTP status before the first token. */
  readonly errorStatus: number | undefined;
  readonly failAfterTokens: number | undefined;
  readonly hangAfterTokens: number | undefined;
  readonly noUsage: boolean;
}

const MAX_WAIT_MS = 600_000;
const MAX_TOKENS = 1_000_000;

const RANGES = {
  ttft: [0, MAX_WAIT_MS],
  delay: [0, MAX_WAIT_MS],
  tokens: [1, MAX_TOKENS],
  error: [400, 599],
  fail_after: [0, MAX_TOKENS],
  hang_after: [0, MAX_TOKENS],
} as const satisfies Record<string, readonly [number, number]>;

type NumericOption = keyof typeof RANGES;

const NUMERIC = Object.keys(RANGES) as readonly NumericOption[];
const NUMERIC_OF_EMBEDDINGS: readonly NumericOption[] = ['ttft', 'error'];

/**
 * Reads the options after the colon of a sandbox model id, such as `ttft=300,delay=20,no_usage`; empty text means all
 * defaults. @throws GatewayError 400 invalid_value, param `model`, for an unknown, repeated or malformed option.
 */
export function parseSandboxOptions(text: string): SandboxOptions {
  return parseOptions(text, NUMERIC);
}

/** The same for a model that makes embeddings, whose answer has no tokens. */
export function parseSandboxEmbeddingOptions(
  text: string,
): Pick<SandboxOptions, 'ttftMs' | 'errorStatus' | 'noUsage'> {
  return parseOptions(text, NUMERIC_OF_EMBEDDINGS);
}

function parseOptions(text: string, numeric: readonly NumericOption[]): SandboxOptions {
  const numbers = new Map<NumericOption, number>();
  let noUsage = false;
  for (const option of text === '' ? [] : text.split(',')) {
    const separator = option.indexOf('=');
    const name = separator === -1 ? option : option.slice(0, separator);
    if (option === 'no_usage' && !noUsage) noUsage = true;
    else if (isOneOf(numeric, name) && !numbers.has(name)) {
      numbers.set(name, parseNumber(name, separator === -1 ? '' : option.slice(separator + 1), numeric));
    } else throw refused('has an unknown, repeated or malformed option', numeric);
  }
  return {
    ttftMs: numbers.get('ttft') ?? 0,
    delayMs: numbers.get('delay') ?? 0,
    tokens: numbers.get('tokens'),
    errorStatus: numbers.get('error'),
    failAfterTokens: numbers.get('fail_after'),
    hangAfterTokens: numbers.get('hang_after'),
    noUsage,
  };
}

function isOneOf(options: readonly NumericOption[], name: string): name is NumericOption {
  return options.some((option) => option === name);
}

function parseNumber(name: NumericOption, text: string, numeric: readonly NumericOption[]): number {
  const [least, most] = RANGES[name];
  const value = /^\d{1,7}$/.test(text) ? Number(text) : -1;
  if (value < least || value > most) {
    throw refused(`needs \`${name}\` to be a whole number from ${least} to ${most}`, numeric);
  }
  return value;
}

function refused(problem: string, numeric: readonly NumericOption[]): GatewayError {
  const known = [...numeric.map((name) => `${name}=N`), 'no_usage'].join(', ');
  return new GatewayError(
    'invalid_value',
    `The sandbox model name ${problem}. Known options after the colon, separated by commas: ${known}.`,
    { param: 'model' },
  );
}
