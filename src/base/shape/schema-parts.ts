/** Building blocks for JSON Schemas; each is a plain object that ajv compiles. */
export type Schema = Readonly<Record<string, unknown>>;

export const text: Schema = { type: 'string' };
export const flag: Schema = { type: 'boolean' };
/** Any object; its content is for the model only. */
export const anyObject: Schema = { type: 'object' };

export function textOf(bounds: { minLength?: number; maxLength?: number; pattern?: string }): Schema {
  return { type: 'string', ...bounds };
}

export function oneOfText(...values: readonly string[]): Schema {
  return { type: 'string', enum: values };
}

export function number(minimum: number, maximum: number): Schema {
  return { type: 'number', minimum, maximum };
}

export function integer(minimum: number, maximum: number): Schema {
  return { type: 'integer', minimum, maximum };
}

export function list(items: Schema, bounds: { minItems?: number; maxItems?: number } = {}): Schema {
  return { type: 'array', items, ...bounds };
}

/** An object with the named fields; other fields are allowed. */
export function object(required: Record<string, Schema>, optional: Record<string, Schema> = {}): Schema {
  const properties = { ...required };
  for (const [name, schema] of Object.entries(optional)) properties[name] = orNull(schema);
  return { type: 'object', required: Object.keys(required), properties };
}

/** An object whose field `tag` selects its shape. */
export function oneOfObjects(tag: string, ...shapes: readonly Schema[]): Schema {
  return { type: 'object', discriminator: { propertyName: tag }, required: [tag], oneOf: shapes };
}

/**
 * An object whose field `tag` selects one of the shapes. With any other tag it may have any shape: lists such as those
 * of tools grow, and an unknown entry is not an error.
 */
export function knownOrOther(tag: string, ...shapes: readonly Schema[]): Schema {
  return {
    type: 'object',
    if: { type: 'object', properties: { [tag]: { enum: shapes.flatMap((one) => valuesOf(one, tag)) } } },
    // An absent tag gets here too, and is reported by its name.
    then: oneOfObjects(tag, ...shapes),
    else: object({ [tag]: textOf({ minLength: 1, maxLength: 128 }) }, { id: text }),
  };
}

function valuesOf({ properties }: Schema, tag: string): readonly unknown[] {
  return (properties as Readonly<Record<string, { readonly enum: readonly unknown[] }>>)[tag]?.enum ?? [];
}

/** One shape for `oneOfObjects`, for these values of the tag. */
export function shape(
  tag: string,
  values: readonly string[],
  required: Record<string, Schema>,
  optional: Record<string, Schema> = {},
): Schema {
  return object({ [tag]: oneOfText(...values), ...required }, optional);
}

/** One of these strings, or such an object. */
export function wordOr(words: readonly string[], otherwise: Schema): Schema {
  return {
    type: ['string', 'object'],
    if: { type: 'object' },
    then: otherwise,
    // A null gets here only if the type allows it.
    else: { enum: [...words, null] },
  };
}

/** A string, or a list of parts. */
export function textOrParts(parts: Schema): Schema {
  return { type: ['string', 'array'], items: parts, minItems: 1 };
}

/** `null` in an optional field is the same as its absence. */
export function orNull(schema: Schema): Schema {
  const { type, enum: values } = schema;
  const types = Array.isArray(type) ? (type as readonly unknown[]) : [type];
  const nullable = { ...schema, type: [...types, 'null'] };
  return Array.isArray(values) ? { ...nullable, enum: [...(values as unknown[]), null] } : nullable;
}
