import { createRequire } from 'node:module';
import type * as all from 'class-validator';

const require = createRequire(import.meta.url);

/**
 * What the gateway uses of class-validator, each from its own module. The package's main module loads 290 modules more,
 * such as rules for telephone numbers, which takes a tenth of the gateway's start.
 */
function load<Name extends keyof typeof all>(
  folder: string,
  name: Name,
  file: string = name,
): (typeof all)[Name] {
  const loaded = require(`class-validator/cjs/${folder}/${file}.js`) as typeof all;
  return loaded[name];
}

export const ArrayMaxSize = load('decorator/array', 'ArrayMaxSize');
export const ArrayMinSize = load('decorator/array', 'ArrayMinSize');
export const IsArray = load('decorator/typechecker', 'IsArray');
export const IsIn = load('decorator/common', 'IsIn');
export const IsInt = load('decorator/typechecker', 'IsInt');
export const IsISO8601 = load('decorator/string', 'IsISO8601');
export const IsOptional = load('decorator/common', 'IsOptional');
export const IsString = load('decorator/typechecker', 'IsString');
export const Length = load('decorator/string', 'Length');
export const Matches = load('decorator/string', 'Matches');
export const Max = load('decorator/number', 'Max');
export const Min = load('decorator/number', 'Min');
export const ValidateBy = load('decorator/common', 'ValidateBy');
export const Validator = load('validation', 'Validator');
export const getMetadataStorage = load('metadata', 'getMetadataStorage', 'MetadataStorage');
