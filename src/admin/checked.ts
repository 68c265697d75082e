import { plainToInstance } from 'class-transformer';
import { validate, type ValidationError } from 'class-validator';
import { GatewayError } from '../errors/gateway-error.js';

/** @throws GatewayError naming the first field that is wrong, in the words of its rule. */
export async function checked<Input extends object>(
  type: new () => Input,
  value: Readonly<Record<string, unknown>>,
): Promise<Input> {
  const input = plainToInstance(type, value);
  const [problem] = await validate(input, { stopAtFirstError: true });
  if (problem) throw problemError(problem);
  return input;
}

function problemError({ property, value, constraints }: ValidationError): GatewayError {
  const message = Object.values(constraints ?? {})[0] ?? `${property} is not valid`;
  return new GatewayError(
    value === undefined ? 'missing_required_parameter' : 'invalid_value',
    `${message.charAt(0).toUpperCase()}${message.slice(1)}.`,
    { param: property },
  );
}
