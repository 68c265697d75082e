import { GatewayError } from '../../base/errors/gateway-error.js';

/** How a sandbox video job behaves. */
export interface SandboxVideoOptions {
  /** Time from its submission to its end. */
  readonly lengthMs: number;
  /** Refuse the submission with this HTTP status. */
  readonly errorStatus: number | undefined;
  /** The job fails at its end. */
  readonly fails: boolean;
  /** Number of polls that fail first. */
  readonly flakyPolls: number;
}

const DEFAULT_SECONDS = 3;
const SECONDS = /^\d{1,4}(?:\.\d{1,3})?$/;
const RANGES = { error: [400, 599], flaky: [0, 1_000] } as const;

/**
 * Reads the options after the colon of a sandbox video model, such as `seconds=1.5,flaky=2`; empty text means all
 * defaults.
 * @throws GatewayError 400 invalid_value, param `model`, for an unknown, repeated or malformed option.
 */
export function parseSandboxVideoOptions(text: string): SandboxVideoOptions {
  const given = new Map<string, string>();
  for (const option of text === '' ? [] : text.split(',')) {
    const [name = '', value = '', ...more] = option.split('=');
    if (given.has(name) || more.length > 0 || !isKnown(name, value)) throw refused();
    given.set(name, value);
  }
  const seconds = given.get('seconds');
  const error = given.get('error');
  return {
    lengthMs: Math.round((seconds === undefined ? DEFAULT_SECONDS : Number(seconds)) * 1000),
    errorStatus: error === undefined ? undefined : Number(error),
    fails: given.has('fail'),
    flakyPolls: Number(given.get('flaky') ?? 0),
  };
}

function isKnown(name: string, value: string): boolean {
  if (name === 'fail') return value === '';
  if (name === 'seconds') return SECONDS.test(value);
  if (name !== 'error' && name !== 'flaky') return false;
  const [least, most] = RANGES[name];
  return /^\d{1,4}$/.test(value) && Number(value) >= least && Number(value) <= most;
}

function refused(): GatewayError {
  return new GatewayError(
    'invalid_value',
    'The sandbox model name has an unknown, repeated or malformed option. Known options after the colon, separated ' +
      'by commas: seconds=N, fail, flaky=N, error=STATUS.',
    { param: 'model' },
  );
}
