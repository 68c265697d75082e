import type { DynamicModule } from '@nestjs/common';
import { ConfigModule } from '@nestjs/config';
import type { LoadedConfig } from './config.js';

/** Makes the configuration injectable everywhere as `ConfigService<Config, true>`. */
export function configModule(config: LoadedConfig): Promise<DynamicModule> {
  return ConfigModule.forRoot({
    isGlobal: true,
    ignoreEnvFile: true,
    ignoreEnvVars: true,
    skipProcessEnv: true,
    load: [() => config],
  });
}
