import type { JsonObject, JsonValue } from '../../base/json.js';
import { patternInstance } from './pattern-instance.js';

const MAX_LENGTH = 65_536;

const FORMATS: ReadonlyMap<string, string> = new Map([
  ['date-time', '2026-01-01T00:00:00Z'],
  ['date', '2026-01-01'],
  ['time', '00:00:00Z'],
  ['duration', 'P1D'],
  ['email', 'sandbox@example.com'],
  ['hostname', 'example.com'],
  ['ipv4', '192.0.2.1'],
  ['ipv6', '2001:db8::1'],
  ['uri', 'https://example.com/'],
  ['uri-reference', '/sandbox'],
  ['uuid', '00000000-0000-4000-8000-000000000000'],
  ['json-pointer', '/sandbox'],
  ['regex', '.*'],
]);

/** A string for a schema; `variant` makes several of them differ where the schema leaves room. */
export function stringInstance(schema: JsonObject, variant: number): string {
  const format = typeof schema.format === 'string' ? FORMATS.get(schema.format) : undefined;
  if (format !== undefined) return format;
  if (typeof schema.pattern === 'string') return patternInstance(schema.pattern);
  const least = Math.min(number(schema.minLength) ?? 0, MAX_LENGTH);
  const most = number(schema.maxLength) ?? MAX_LENGTH;
  const suffix = variant === 0 ? '' : String(variant);
  const text = `sandbox${suffix}`.padEnd(least, '.');
  return text.length <= most ? text : text.slice(text.length - most);
}

/** A number or integer for a schema. No value satisfies a schema whose bounds leave no room. */
export function numberInstance(schema: JsonObject, integer: boolean, variant: number): number {
  const step = number(schema.multipleOf) ?? 1;
  const above = number(schema.exclusiveMinimum);
  const below = number(schema.exclusiveMaximum);
  const least = Math.max(number(schema.minimum) ?? -Infinity, above ?? -Infinity);
  const most = Math.min(number(schema.maximum) ?? Infinity, below ?? Infinity);
  const wanted = Math.min(Math.max(schema.multipleOf === undefined ? 1 : step, least), most) + variant * step;
  const whole = integer || schema.multipleOf !== undefined;
  const candidates = whole ? [Math.ceil(wanted / step) * step, Math.floor(wanted / step) * step] : [wanted];
  candidates.push((least + most) / 2);
  const moved = candidates.flatMap((candidate) => [candidate, candidate + step, candidate - step]);
  const fits = (value: number): boolean =>
    value >= least &&
    value <= most &&
    value !== above &&
    value !== below &&
    (!integer || Number.isInteger(value));
  return moved.find(fits) ?? wanted;
}

function number(value: JsonValue | undefined): number | undefined {
  return typeof value === 'number' ? value : undefined;
}
