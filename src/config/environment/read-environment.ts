import 'reflect-metadata';
import { plainToInstance } from 'class-transformer';
import { Validator } from '../../base/shape/class-validator.js';
import { ENVIRONMENT_VARIABLE_NAMES, EnvironmentVariables } from './environment-variables.js';

export interface EnvironmentReading {
  readonly variables: EnvironmentVariables;
  /** One problem per variable, in words; never with the value, which may be a secret. */
  readonly problems: readonly string[];
}

export function readEnvironment(environment: NodeJS.ProcessEnv): EnvironmentReading {
  const given = ENVIRONMENT_VARIABLE_NAMES.map((name) => [name, valueOf(name, environment)] as const);
  const variables = plainToInstance(
    EnvironmentVariables,
    Object.fromEntries(given.filter(([, value]) => value !== '')),
  );
  const refused = new Validator().validateSync(variables, {
    stopAtFirstError: true,
    forbidUnknownValues: false,
  });
  const problems = refused.map(
    ({ property, constraints }) => `${property}: ${Object.values(constraints ?? {}).join('; ')}`,
  );
  return { variables, problems: [...problems, ...missingInProduction(variables)] };
}

/** The trimmed value. Other programs read lower-case names of proxy variables, and read them first. */
function valueOf(name: keyof EnvironmentVariables, environment: NodeJS.ProcessEnv): string {
  const other = name.endsWith('_PROXY') ? environment[name.toLowerCase()]?.trim() : undefined;
  return other || (environment[name] ?? '').trim();
}

/** Replicas that share a database must share these two, and a container's generated files do not outlive it. */
function missingInProduction(variables: EnvironmentVariables): readonly string[] {
  if (variables.NODE_ENV !== 'production' || variables.DATABASE_URL === undefined) return [];
  const names = ['ADMIN_TOKEN', 'RECEIPT_SIGNING_KEY'] as const;
  return names
    .filter((name) => variables[name] === undefined)
    .map((name) => `${name}: must be set when NODE_ENV is production and DATABASE_URL is set`);
}
