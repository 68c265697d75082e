import { isJsonObject, type JsonObject, type JsonValue } from '../base/json.js';
import type { UpstreamWords } from './upstream-failure.js';

/** A longer nested error is not read. An error that a service passes on is one level. */
const MAX_NESTED_LENGTH = 65_536;

/** The contents of an upstream's error, from the places that services use for them. */
export interface ReadError extends UpstreamWords {
  /** The error object itself. */
  readonly error: JsonObject;
  /** Codes and types, the most telling first, numbers as text. */
  readonly words: readonly string[];
  /** Fields that are named in places for names. */
  readonly fields: readonly string[];
}

/** @param body parsed JSON, if it was JSON */
export function readError(body: unknown): ReadError {
  const error = errorOf(body);
  const { param, detail, details, metadata } = error;
  const nested = nestedIn(metadata);
  const reasons = objects(details).map(({ reason }) => reason);
  const words = [error['code'], error['type'], error['error_type'], error['status'], ...reasons]
    .map(text)
    .filter((word) => word !== undefined);
  const places = objects(detail).map(({ loc }) =>
    Array.isArray(loc) ? loc.map(String).join('.') : undefined,
  );
  const violations = objects(details).flatMap((entry) => objects(entry['fieldViolations']));
  const fields = [param, ...places, ...violations.map(({ field }) => field)].map(text);
  return {
    error,
    words: [...words, ...(nested?.words ?? [])],
    fields: [...fields.filter((field) => field !== undefined), ...(nested?.fields ?? [])],
    code: text(error['code']),
    type: text(error['type']) ?? text(error['status']),
    param: text(param) ?? places[0],
    message: messageOf(error),
  };
}

/** The error is inside `error`, inside a list (Google), or the body itself (vLLM, Mistral, FastAPI). */
function errorOf(body: unknown): JsonObject {
  const outer: unknown = Array.isArray(body) ? body[0] : body;
  if (!isJsonObject(outer)) return {};
  return isJsonObject(outer['error']) ? outer['error'] : outer;
}

/** OpenRouter passes on its own upstream's error as text, with a type of its own. */
function nestedIn(metadata: JsonValue | undefined): Pick<ReadError, 'words' | 'fields'> | undefined {
  if (!isJsonObject(metadata)) return undefined;
  const own = text(metadata['error_type']);
  const { raw } = metadata;
  const inner = typeof raw === 'string' && raw.length <= MAX_NESTED_LENGTH ? parsed(raw) : raw;
  const read = inner === undefined ? undefined : readOnce(inner);
  return { words: [...(own === undefined ? [] : [own]), ...(read?.words ?? [])], fields: read?.fields ?? [] };
}

function readOnce(body: unknown): Pick<ReadError, 'words' | 'fields'> {
  const { code, type, param } = errorOf(body);
  const defined = (values: readonly (JsonValue | undefined)[]): readonly string[] =>
    values.map(text).filter((value) => value !== undefined);
  return { words: defined([code, type]), fields: defined([param]) };
}

function parsed(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    return undefined;
  }
}

function messageOf(error: JsonObject): string | undefined {
  const [first] = objects(error['detail']);
  const candidates = [error['message'], error['error'], error['detail'], error['msg'], first?.['msg']];
  return candidates.find((candidate) => typeof candidate === 'string');
}

function objects(value: JsonValue | undefined): readonly JsonObject[] {
  return Array.isArray(value) ? (value as readonly JsonValue[]).filter(isJsonObject) : [];
}

function text(value: JsonValue | undefined): string | undefined {
  if (typeof value === 'number') return String(value);
  return typeof value === 'string' && value !== '' ? value : undefined;
}
