import { isJsonObject, type JsonObject, type JsonValue } from '../../base/json.js';

/**
 * The keywords that the service reads, as `GenerateContentConfig.responseJsonSchema` of js-genai lists them. It takes
 * the same for parameters. Others are left out: at best they have no effect, at worst the whole request is refused.
 */
const KEPT: ReadonlySet<string> = new Set([
  ...['$id', '$ref', '$anchor', 'type', 'format', 'title', 'description', 'minItems', 'maxItems'],
  ...['minimum', 'maximum', 'required', 'propertyOrdering'],
]);

const BY_NAME: ReadonlySet<string> = new Set(['properties', '$defs']);
const LISTS: ReadonlySet<string> = new Set(['anyOf', 'oneOf', 'prefixItems']);

/**
 * A JSON Schema in the part of the language that the service reads. It is never stricter than the given one: what a
 * dropped keyword forbids is allowed. Takes work in proportion to the schema; its depth is that of the request.
 */
export function reduceSchema(schema: JsonObject): JsonObject {
  const reduced: Record<string, JsonValue> = {};
  // Beside a reference only keywords with a dollar are allowed.
  const isReference = typeof schema['$ref'] === 'string';
  for (const [keyword, value] of Object.entries(withoutAllOf(schema))) {
    if (value === undefined || (isReference && !keyword.startsWith('$') && keyword !== 'definitions'))
      continue;
    reduceKeyword(keyword, value, reduced);
  }
  return reduced;
}

function reduceKeyword(keyword: string, value: JsonValue, reduced: Record<string, JsonValue>): void {
  if (keyword === '$ref') reduced[keyword] = renamed(value);
  else if (KEPT.has(keyword)) reduced[keyword] = value;
  else if (BY_NAME.has(keyword)) reduced[keyword] = schemasByName(value);
  else if (LISTS.has(keyword)) reduced[keyword] = Array.isArray(value) ? value.map(reduceValue) : [];
  else reduceOther(keyword, value, reduced);
}

function reduceOther(keyword: string, value: JsonValue, reduced: Record<string, JsonValue>): void {
  switch (keyword) {
    case 'items':
    case 'additionalProperties':
      reduced[keyword] = reduceValue(value);
      break;
    case 'definitions':
      reduced['$defs'] = schemasByName(value);
      break;
    case 'enum':
      if (Array.isArray(value) && (value as readonly JsonValue[]).every(isWord)) reduced['enum'] = value;
      break;
    case 'const':
      if (isWord(value)) reduced['enum'] = [value];
      break;
    // A bound of its own wins; the excluded value itself is allowed.
    case 'exclusiveMinimum':
      if (typeof value === 'number') reduced['minimum'] ??= value;
      break;
    case 'exclusiveMaximum':
      if (typeof value === 'number') reduced['maximum'] ??= value;
      break;
    default:
  }
}

/** Enumerations are of strings and numbers. */
function isWord(value: JsonValue): boolean {
  return typeof value === 'string' || typeof value === 'number';
}

function reduceValue(value: JsonValue): JsonValue {
  if (isJsonObject(value)) return reduceSchema(value);
  return typeof value === 'boolean' ? value : {};
}

function schemasByName(value: JsonValue): JsonObject {
  if (!isJsonObject(value)) return {};
  return Object.fromEntries(Object.entries(value).map(([name, schema]) => [name, reduceValue(schema ?? {})]));
}

/** `definitions` is the older name of `$defs`. */
function renamed(reference: JsonValue): JsonValue {
  return typeof reference === 'string' ? reference.replace(/^#\/definitions\//, '#/$defs/') : reference;
}

/** The service ignores `allOf`, so its members are joined with what stands beside them; on conflict the outer wins. */
function withoutAllOf(schema: JsonObject): JsonObject {
  const { allOf, ...rest } = schema;
  if (!Array.isArray(allOf)) return schema;
  const members = [...(allOf as readonly JsonValue[]).filter(isJsonObject), rest];
  const all = new Map<string, JsonValue | undefined>();
  const properties = new Map<string, JsonValue | undefined>();
  const required = new Set<JsonValue>();
  for (const member of members) {
    for (const [keyword, value] of Object.entries(member)) all.set(keyword, value);
    const { properties: own, required: names } = member;
    if (isJsonObject(own)) for (const [name, property] of Object.entries(own)) properties.set(name, property);
    if (Array.isArray(names)) for (const name of names as readonly JsonValue[]) required.add(name);
  }
  if (properties.size > 0) all.set('properties', Object.fromEntries(properties));
  if (required.size > 0) all.set('required', [...required]);
  return Object.fromEntries(all);
}
