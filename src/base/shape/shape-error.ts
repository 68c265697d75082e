import { type ErrorObject } from 'ajv';
import { GatewayError } from '../errors/gateway-error.js';

const PLAIN_SEGMENT = /^[A-Za-z0-9_-]{1,64}$/;

/** Tells what is wrong with the shape of a request, and what would be right. Never quotes the client's text. */
export function shapeError(error: ErrorObject): GatewayError {
  const missing = missingField(error);
  if (missing !== undefined) {
    const param = join(paramOf(error.instancePath), missing);
    return new GatewayError('missing_required_parameter', `Missing required parameter: \`${param}\`.`, {
      param,
    });
  }
  const tag = error.keyword === 'discriminator' ? tagOf(error) : undefined;
  const param = tag === undefined ? paramOf(error.instancePath) : join(paramOf(error.instancePath), tag);
  return new GatewayError('invalid_value', `\`${param}\` ${expectation(error)}.`, { param });
}

/** `/messages/2/content` → `messages[2].content`; stops before a segment that a client may have made up. */
function paramOf(instancePath: string): string {
  let param = '';
  for (const segment of instancePath.split('/').slice(1)) {
    if (!PLAIN_SEGMENT.test(segment)) break;
    param = /^\d+$/.test(segment) ? `${param}[${segment}]` : join(param, segment);
  }
  return param;
}

function join(path: string, name: string): string {
  return path === '' ? name : `${path}.${name}`;
}

function missingField({ keyword, params }: ErrorObject): string | undefined {
  if (keyword === 'required') return String(params['missingProperty']);
  return keyword === 'discriminator' && params['error'] === 'tag' && params['tagValue'] === undefined
    ? String(params['tag'])
    : undefined;
}

function tagOf({ params }: ErrorObject): string {
  return String(params['tag']);
}

function expectation(error: ErrorObject): string {
  const parent = (error.parentSchema ?? {}) as Readonly<Record<string, unknown>>;
  if (error.propertyName !== undefined)
    return `has a key that is too long; keys have at most ${limit(error)} characters`;
  switch (error.keyword) {
    case 'type':
      return `must be ${typeNames(error.params['type'])}`;
    case 'enum':
      return `must be ${quoted(error.params['allowedValues'])}`;
    case 'discriminator':
      return error.params['error'] === 'tag' ? 'must be a string' : `must be ${quoted(tagValues(error))}`;
    case 'minimum':
    case 'maximum':
      return `must be between ${String(parent['minimum'])} and ${String(parent['maximum'])}`;
    case 'minItems':
      return `must have at least ${plural(limit(error), 'item')}`;
    case 'maxItems':
      return `must have at most ${plural(limit(error), 'item')}`;
    case 'maxProperties':
      return `must have at most ${plural(limit(error), 'key')}`;
    case 'minLength':
      return 'must not be empty';
    case 'maxLength':
      return `must have at most ${plural(limit(error), 'character')}`;
    case 'pattern':
      return patternText(String(parent['pattern']));
    default:
      return 'is not valid';
  }
}

function patternText(pattern: string): string {
  if (pattern.includes('://')) return 'must be an http or https URL, or a data URL';
  const longest = /\{1,(\d+)\}/.exec(pattern)?.[1] ?? '64';
  return `must be 1 to ${longest} letters, digits, underscores or hyphens`;
}

function limit(error: ErrorObject): number {
  return Number(error.params['limit']);
}

function plural(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}

const TYPE_NAMES: Readonly<Record<string, string>> = {
  string: 'a string',
  number: 'a number',
  integer: 'an integer',
  boolean: 'true or false',
  array: 'an array',
  object: 'an object',
};

function typeNames(type: unknown): string {
  const types = (Array.isArray(type) ? type : String(type).split(',')) as readonly string[];
  return alternatives(types.flatMap((name) => TYPE_NAMES[name] ?? []));
}

function quoted(values: unknown): string {
  const words = (values as readonly (string | null)[]).filter((value) => value !== null);
  return `${words.length > 1 ? 'one of ' : ''}${alternatives(words.map((word) => `"${word}"`))}`;
}

function alternatives(words: readonly string[]): string {
  return words.length < 2 ? (words[0] ?? '') : `${words.slice(0, -1).join(', ')} or ${words.at(-1) ?? ''}`;
}

/** The tag values that the shapes of the discriminated object accept. */
function tagValues(error: ErrorObject): readonly string[] {
  const shapes = (error.parentSchema?.['oneOf'] ?? []) as readonly {
    properties: Record<string, { enum: readonly string[] }>;
  }[];
  return shapes.flatMap((shape) => shape.properties[tagOf(error)]?.enum ?? []);
}
