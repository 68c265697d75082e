import { isJsonObject, type JsonObject, type JsonValue } from '../../base/json.js';
import { numberInstance, stringInstance } from './scalar-instance.js';

/** Schemas visited before only what is required is made, and before making ends altogether. */
const MAX_RICH_VISITS = 2_000;
const MAX_VISITS = 10_000;
const MAX_DEPTH = 64;
const MAX_ITEMS = 100;
/** Characters and entries of the result and of the schemas that are read, counted at each reading. */
const MAX_WORK = 4_194_304;

/**
 * A document that validates against a JSON Schema, the same one each time. Understands type, enum, const, properties,
 * required, items, prefixItems, bounds, multipleOf, common formats, simple patterns, `$ref` inside the schema, allOf,
 * and the first satisfiable of anyOf and oneOf. A schema that refers to itself ends at its first repetition. Other
 * keywords (not, if, dependent schemas) are ignored.
 */
export function jsonSchemaInstance(schema: JsonValue): JsonValue {
  try {
    return new InstanceMaker(schema).make(schema, { depth: 0, variant: 0, references: [] });
  } catch (failure) {
    if (failure instanceof Endless) return {};
    throw failure;
  }
}

/** This part of the schema cannot be made within bounds; a caller that can do without it leaves it out. */
class Endless extends Error {}

interface Place {
  readonly depth: number;
  readonly variant: number;
  /** The references that are being followed. */
  readonly references: readonly string[];
}

class InstanceMaker {
  private visits = 0;
  private work = 0;

  constructor(private readonly root: JsonValue) {}

  make(schema: JsonValue | undefined, place: Place): JsonValue {
    this.visits += 1;
    if (this.visits > MAX_VISITS || place.depth > MAX_DEPTH) throw new Endless();
    if (!isJsonObject(schema)) return 'sandbox';
    this.spend(breadthOf(schema));
    if (typeof schema.$ref === 'string') return this.follow(schema, schema.$ref, place);
    if (schema.const !== undefined) return this.given(schema.const);
    if (Array.isArray(schema.enum)) return this.given(choose(schema.enum, place.variant));
    if (Array.isArray(schema.allOf))
      return this.make(merged(without(schema, 'allOf'), schema.allOf), deeper(place));
    if (Array.isArray(schema.anyOf)) return this.oneOf(without(schema, 'anyOf'), schema.anyOf, place);
    if (Array.isArray(schema.oneOf)) return this.oneOf(without(schema, 'oneOf'), schema.oneOf, place);
    return this.ofType(schema, place);
  }

  private ofType(schema: JsonObject, place: Place): JsonValue {
    switch (typeOf(schema)) {
      case 'object':
        return this.object(schema, place);
      case 'array':
        return this.array(schema, place);
      case 'integer':
        return numberInstance(schema, true, place.variant);
      case 'number':
        return numberInstance(schema, false, place.variant);
      case 'boolean':
        return place.variant % 2 === 0;
      case 'null':
        return null;
      default:
        return this.given(stringInstance(schema, place.variant));
    }
  }

  /** Counts a value that the schema gives as a whole: it may be large, and repeated many times. */
  private given(value: JsonValue): JsonValue {
    this.spend(typeof value === 'string' ? value.length : JSON.stringify(value).length);
    return value;
  }

  private spend(work: number): void {
    this.work += work;
    if (this.work > MAX_WORK) throw new Endless();
  }

  private follow(schema: JsonObject, reference: string, place: Place): JsonValue {
    if (place.references.includes(reference)) throw new Endless();
    const target = merged(without(schema, '$ref'), [resolve(this.root, reference) ?? {}]);
    return this.make(target, { ...deeper(place), references: [...place.references, reference] });
  }

  private oneOf(base: JsonObject, branches: readonly JsonValue[], place: Place): JsonValue {
    for (const branch of branches) {
      const made = this.attempt(merged(base, [branch]), deeper(place));
      if (made !== undefined) return made;
    }
    throw new Endless();
  }

  private object(schema: JsonObject, place: Place): JsonObject {
    const required = new Set(listOf(schema.required));
    const properties = isJsonObject(schema.properties) ? schema.properties : {};
    const made: [string, JsonValue][] = [];
    for (const [name, property] of Object.entries(properties)) {
      this.spend(name.length + 1);
      if (required.has(name)) made.push([name, this.make(property, deeper(place))]);
      else {
        const value = this.visits < MAX_RICH_VISITS ? this.attempt(property, deeper(place)) : undefined;
        if (value !== undefined) made.push([name, value]);
      }
    }
    for (const name of required) {
      if (typeof name !== 'string' || Object.hasOwn(properties, name)) continue;
      this.spend(name.length);
      made.push([name, this.make(schema.additionalProperties, deeper(place))]);
    }
    return Object.fromEntries(made);
  }

  private array(schema: JsonObject, place: Place): readonly JsonValue[] {
    const items = listOf(schema.prefixItems).map((item) => this.make(item, deeper(place)));
    const least = Math.min(bound(schema.minItems) ?? 0, MAX_ITEMS);
    const most = bound(schema.maxItems) ?? MAX_ITEMS;
    if (schema.items === false) return items.slice(0, most);
    while (items.length < least)
      items.push(this.make(schema.items, { ...deeper(place), variant: items.length }));
    if (items.length === 0 && most > 0 && this.visits < MAX_RICH_VISITS) {
      const item = this.attempt(schema.items, deeper(place));
      if (item !== undefined) items.push(item);
    }
    return items.slice(0, most);
  }

  private attempt(schema: JsonValue | undefined, place: Place): JsonValue | undefined {
    try {
      return this.make(schema, place);
    } catch (failure) {
      if (failure instanceof Endless && this.visits <= MAX_VISITS && this.work <= MAX_WORK) return undefined;
      throw failure;
    }
  }
}

function deeper(place: Place): Place {
  return { ...place, depth: place.depth + 1 };
}

function without(schema: JsonObject, name: string): JsonObject {
  return Object.fromEntries(Object.entries(schema).filter(([key]) => key !== name));
}

/** One schema that requires what all of them require, as far as objects and single keywords go. */
function merged(base: JsonObject, others: readonly JsonValue[]): JsonObject {
  const schemas = [base, ...others.filter(isJsonObject)];
  const sum = new Map(schemas.flatMap((schema) => Object.entries(schema)));
  const properties = schemas.flatMap((schema) =>
    isJsonObject(schema.properties) ? [schema.properties] : [],
  );
  const required = schemas.flatMap((schema) => listOf(schema.required));
  if (properties.length > 1)
    sum.set('properties', Object.fromEntries(properties.flatMap((named) => Object.entries(named))));
  if (required.length > 0) sum.set('required', required);
  return Object.fromEntries(sum);
}

/** The amount to read in a schema before anything below it is read. */
function breadthOf(schema: JsonObject): number {
  let breadth = 0;
  for (const value of Object.values(schema)) {
    breadth += typeof value === 'string' || Array.isArray(value) ? value.length + 1 : 1;
  }
  return breadth;
}

function typeOf(schema: JsonObject): string {
  const { type } = schema;
  if (typeof type === 'string') return type;
  if (Array.isArray(type)) return String(type.find((name) => name !== 'null') ?? 'null');
  if (schema.properties !== undefined || schema.required !== undefined) return 'object';
  if (schema.items !== undefined || schema.prefixItems !== undefined) return 'array';
  const numeric = ['minimum', 'maximum', 'exclusiveMinimum', 'exclusiveMaximum', 'multipleOf'];
  return numeric.some((keyword) => schema[keyword] !== undefined) ? 'number' : 'string';
}

function resolve(root: JsonValue, reference: string): JsonValue | undefined {
  if (reference !== '#' && !reference.startsWith('#/')) return undefined;
  let found: JsonValue | undefined = root;
  for (const part of reference.split('/').slice(1)) {
    const name = part.replaceAll('~1', '/').replaceAll('~0', '~');
    const owner: JsonValue | undefined = found;
    found = isJsonObject(owner) && Object.hasOwn(owner, name) ? owner[name] : undefined;
  }
  return found;
}

function listOf(value: JsonValue | undefined): readonly JsonValue[] {
  return Array.isArray(value) ? (value as readonly JsonValue[]) : [];
}

function choose(values: readonly JsonValue[], variant: number): JsonValue {
  return values[variant % Math.max(values.length, 1)] ?? null;
}

function bound(value: JsonValue | undefined): number | undefined {
  return typeof value === 'number' && value >= 0 ? value : undefined;
}
