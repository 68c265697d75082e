import type { LoadedConfig } from '../config/config.js';
import { loadCommandConfig, loadConfig, type CommandConfig } from '../config/load-config.js';
import { DIALECTS } from '../providers/dialects.js';
import { dataHome } from '../storage/embedded-postgres/data-home.js';

/** What this gateway is told. @throws ConfigurationError */
export function gatewayConfig(): LoadedConfig {
  return loadConfig(DIALECTS, undefined, undefined, dataHome);
}

/** What a command beside it is told. @throws ConfigurationError */
export function commandConfig(): CommandConfig {
  return loadCommandConfig(DIALECTS, undefined, undefined, dataHome);
}
