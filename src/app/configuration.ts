import type { LoadedConfig } from '../config/config.js';
import { loadCommandConfig, loadConfig, type CommandConfig } from '../config/load-config.js';
import { DIALECTS } from '../providers/dialects.js';
import { dataHome } from '../storage/embedded-postgres/data-home.js';

/** Configuration of this gateway. @throws ConfigurationError */
export function gatewayConfig(): LoadedConfig {
  return loadConfig(DIALECTS, undefined, undefined, dataHome);
}

/** Configuration of a command that runs beside the gateway. @throws ConfigurationError */
export function commandConfig(): CommandConfig {
  return loadCommandConfig(DIALECTS, undefined, undefined, dataHome);
}
