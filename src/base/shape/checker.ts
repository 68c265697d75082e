import { Ajv, type ValidateFunction } from 'ajv';
import type { JsonObject } from '../json.js';
import type { Schema } from './schema-parts.js';
import { shapeError } from './shape-error.js';

const ajv = new Ajv({
  discriminator: true,
  allowUnionTypes: true,
  verbose: true,
  strictRequired: false,
  // Without these three compiling takes a fifth of the time, and a check 0.1 µs longer.
  validateSchema: false,
  meta: false,
  code: { optimize: false },
  // What `shared` has named is compiled as a function of its own.
  inlineRefs: false,
});

/**
 * A large schema that is compiled once, however many others contain it: what is compiled of Responses would be four
 * times as long.
 *
 * @param name of its own in the program
 */
export function shared(name: string, schema: Schema): Schema {
  ajv.addSchema(schema, name);
  return { $ref: name };
}

/** @throws GatewayError 400 with the path of the wrong field */
export type Checker = (value: JsonObject) => void;

/** What compiles those schemas that nothing has been checked against yet. */
const uncompiled = new Set<() => void>();

/** Call it at program start. The schema is compiled by `compileNextChecker`, or else for the first value. */
export function checkerOf(schema: Schema): Checker {
  let compiled: ValidateFunction<JsonObject> | undefined;
  const compile = (): ValidateFunction<JsonObject> => {
    uncompiled.delete(compile);
    return (compiled ??= ajv.compile<JsonObject>(schema));
  };
  uncompiled.add(compile);
  return (value) => {
    const matches = compiled ?? compile();
    if (matches(value)) return;
    const [first] = matches.errors ?? [];
    throw first ? shapeError(first) : new TypeError('a failed check without an error');
  };
}

/** Compiles one schema, which blocks for some 10 ms. @returns whether there was one left. @throws what ajv says of a wrong one */
export function compileNextChecker(): boolean {
  const [compile] = uncompiled;
  compile?.();
  return compile !== undefined;
}
