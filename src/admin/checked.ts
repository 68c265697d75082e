import { plainToInstance } from 'class-transformer';
import type { ValidationError } from 'class-validator';
import { GatewayError } from '../base/errors/gateway-error.js';
import { getMetadataStorage, Validator } from '../base/shape/class-validator.js';

const LONGEST_NAME = 100;

/**
 * Refuses unknown names, because only operators write here and a misspelt limit must not make an unlimited key.
 * @throws GatewayError with the name of the first wrong field, in the words of its rule
 */
export async function checked<Input extends object>(
  type: new () => Input,
  value: Readonly<Record<string, unknown>>,
): Promise<Input> {
  const input = plainToInstance(type, value);
  const [problem] = await new Validator().validate(input, {
    stopAtFirstError: true,
    whitelist: true,
    forbidNonWhitelisted: true,
  });
  if (problem?.constraints?.['whitelistValidation']) throw unknownName(problem.property, fieldsOf(type));
  if (problem) throw problemError(problem);
  return input;
}

/** The error for an unknown name. */
export function unknownName(name: string, known: readonly string[]): GatewayError {
  const shown = name.slice(0, LONGEST_NAME);
  const words = known.length === 0 ? 'Nothing is taken' : `Known: ${known.join(', ')}`;
  return new GatewayError('invalid_value', `\`${shown}\` is not known here. ${words}.`, { param: shown });
}

function fieldsOf(type: new () => object): readonly string[] {
  const rules = getMetadataStorage().getTargetValidationMetadatas(type, '', false, false);
  return [...new Set(rules.map(({ propertyName }) => propertyName))];
}

function problemError({ property, value, constraints }: ValidationError): GatewayError {
  const message = Object.values(constraints ?? {})[0] ?? `${property} is not valid`;
  return new GatewayError(
    value === undefined ? 'missing_required_parameter' : 'invalid_value',
    `${message.charAt(0).toUpperCase()}${message.slice(1)}.`,
    { param: property },
  );
}
