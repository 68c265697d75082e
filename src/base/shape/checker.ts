import { Ajv } from 'ajv';
import type { JsonObject } from '../json.js';
import type { Schema } from './schema-parts.js';
import { shapeError } from './shape-error.js';

const ajv = new Ajv({ discriminator: true, allowUnionTypes: true, verbose: true, strictRequired: false });

/** @throws GatewayError 400 with the path of the wrong field */
export type Checker = (value: JsonObject) => void;

/** Compiles a schema; call it at program start, not for a request. */
export function checkerOf(schema: Schema): Checker {
  const matches = ajv.compile<JsonObject>(schema);
  return (value) => {
    if (matches(value)) return;
    const [first] = matches.errors ?? [];
    throw first ? shapeError(first) : new TypeError('a failed check without an error');
  };
}
