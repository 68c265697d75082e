import { isJsonObject, type JsonObject, type JsonValue } from '../../../base/json.js';

/** https://platform.claude.com/docs/en/build-with-claude/structured-outputs, "JSON Schema limitations" */
const KEPT: ReadonlySet<string> = new Set([
  ...['type', 'enum', 'const', 'required', 'title', 'default', '$ref', 'additionalProperties'],
]);
const FORMATS: ReadonlySet<JsonValue | undefined> = new Set([
  ...['date-time', 'time', 'date', 'duration', 'email', 'hostname', 'uri', 'ipv4', 'ipv6', 'uuid'],
]);
/** Keywords with a schema for each name. */
const BY_NAME: ReadonlySet<string> = new Set(['properties', '$defs', 'definitions']);
/** Keywords with a list of schemas, and what they are called here: of several only one may hold, or any. */
const LISTS: ReadonlyMap<string, string> = new Map([
  ['anyOf', 'anyOf'],
  ['oneOf', 'anyOf'],
  ['allOf', 'allOf'],
]);

/**
 * A schema that the service can enforce. It refuses keywords that it does not know, such as lengths and bounds; the
 * model reads these in the description instead. An object with named properties has no others.
 */
export function fitSchema(schema: JsonObject): JsonObject {
  const fitted: Record<string, JsonValue | undefined> = {};
  const told: string[] = [];
  for (const [keyword, value] of Object.entries(schema)) {
    const list = LISTS.get(keyword);
    if (BY_NAME.has(keyword) && isJsonObject(value)) fitted[keyword] = fitEach(value);
    else if (list !== undefined && Array.isArray(value) && fitted[list] === undefined)
      fitted[list] = (value as readonly JsonValue[]).map(fitValue);
    else if (keyword === 'items') fitted[keyword] = fitValue(value ?? null);
    else if (KEPT.has(keyword) || isKnown(keyword, value)) fitted[keyword] = value;
    else if (keyword !== 'description') told.push(`${keyword}: ${JSON.stringify(value)}`);
  }
  if (isJsonObject(fitted['properties'])) fitted['additionalProperties'] ??= false;
  const description = descriptionOf(schema['description'], told);
  return description === undefined ? fitted : { ...fitted, description };
}

function isKnown(keyword: string, value: JsonValue | undefined): boolean {
  return (
    (keyword === 'format' && FORMATS.has(value)) || (keyword === 'minItems' && (value === 0 || value === 1))
  );
}

function fitEach(schemas: JsonObject): JsonObject {
  return Object.fromEntries(
    Object.entries(schemas).map(([name, schema]) => [name, fitValue(schema ?? null)]),
  );
}

function fitValue(schema: JsonValue): JsonValue {
  return isJsonObject(schema) ? fitSchema(schema) : schema;
}

function descriptionOf(given: JsonValue | undefined, told: readonly string[]): string | undefined {
  const parts = [
    ...(typeof given === 'string' ? [given] : []),
    ...(told.length > 0 ? [`(${told.join(', ')})`] : []),
  ];
  return parts.length === 0 ? undefined : parts.join(' ');
}
