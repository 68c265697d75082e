import { readFileSync } from 'node:fs';
import type { CatalogSnapshot } from '../../catalog/catalog.js';
import { isJsonObject } from '../../base/json.js';
import { ConfigurationError } from '../../base/errors/configuration-error.js';
import { deepFreeze } from '../deep-freeze.js';
import type { Dialects } from '../../catalog/dialect.js';
import { readProxies, type Proxies } from '../environment/proxies.js';
import { errorCode } from '../file-errors.js';
import { SANDBOX_CATALOGUE } from '../sandbox-catalogue.js';
import { readModels } from './models.js';
import { parseYaml } from './parse-yaml.js';
import { readPayments, type FilePayments } from './payments.js';
import { readProviders } from './providers.js';
import { Section } from './section.js';

export interface GatewayFile {
  readonly catalog: CatalogSnapshot;
  readonly payments: FilePayments;
}

/**
 * Reads and checks a gateway file; `${NAME}` in it stands for a variable of `environment`.
 * @throws ConfigurationError with every problem of the file.
 */
export function readGatewayFile(
  path: string,
  dialects: Dialects,
  environment: NodeJS.ProcessEnv = process.env,
): GatewayFile {
  const { tree, problems: unreadable } = parseYaml(readText(path));
  if (unreadable.length > 0)
    throw new ConfigurationError(unreadable.map((problem) => `GATEWAY_CONFIG: ${path} ${problem}`));
  if (!isJsonObject(tree))
    throw new ConfigurationError([`GATEWAY_CONFIG: ${path} must be a mapping with providers and models`]);
  const problems: string[] = [];
  const section = new Section('', tree, { environment, problems });
  const file = readSettings(section, dialects, readProxies(environment));
  if (problems.length > 0) throw new ConfigurationError(problems);
  return deepFreeze(file);
}

function readSettings(file: Section, dialects: Dialects, proxies: Proxies): GatewayFile {
  const own = readProviders(file, dialects, proxies);
  const sandbox = (file.boolean('sandbox') ?? true) ? SANDBOX_CATALOGUE : undefined;
  const providers = new Map([...own, ...(sandbox?.providers ?? [])]);
  const models = new Map([...readModels(file, providers, dialects), ...(sandbox?.models ?? [])]);
  const payments = readPayments(file.section('payments'));
  file.end();
  return { catalog: { providers, models }, payments };
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    throw new ConfigurationError([
      `GATEWAY_CONFIG: ${path} cannot be read (${errorCode(error) ?? 'unknown reason'})`,
    ]);
  }
}
