import { GatewayError } from '../../base/errors/gateway-error.js';

export type Query = Readonly<Record<string, unknown>>;

export interface WatchSettings {
  readonly pollIntervalMs: number;
  readonly timeoutMs: number;
}

interface Bounds {
  readonly least: number;
  readonly most: number;
  readonly otherwise: number;
}

const POLL_INTERVAL: Bounds = { least: 500, most: 30_000, otherwise: 2_000 };
const TIMEOUT: Bounds = { least: 5_000, most: 3_600_000, otherwise: 600_000 };

const NUMBER = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?$/i;

/** Clamps numbers to their bounds. @throws GatewayError 400 for a value that is not a number */
export function parseWatchQuery(query: Query): WatchSettings {
  return {
    pollIntervalMs: boundedNumber(query, 'pollIntervalMs', POLL_INTERVAL),
    timeoutMs: boundedNumber(query, 'timeoutMs', TIMEOUT),
  };
}

function boundedNumber(query: Query, param: string, { least, most, otherwise }: Bounds): number {
  const value = query[param];
  if (value === undefined) return otherwise;
  if (typeof value !== 'string' || !NUMBER.test(value.trim()))
    throw new GatewayError('invalid_value', `\`${param}\` must be a number of milliseconds.`, { param });
  return Math.round(Math.min(Math.max(Number(value), least), most));
}
