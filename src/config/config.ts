import type { Config } from '../base/config.js';
import type { CatalogSnapshot } from '../catalog/catalog.js';

/** With what it says of models. */
export interface LoadedConfig extends Config {
  /** Reads it again, with the environment that the rest was read with. */
  readonly readCatalogFile: (path: string) => {
    readonly catalog: CatalogSnapshot;
    readonly payments: Omit<Config['payments'], 'leaseMs'>;
  };
  readonly catalog: CatalogSnapshot;
}
