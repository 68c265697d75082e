import type { Config } from '../base/config.js';
import type { CatalogSnapshot } from '../catalog/catalog.js';

/** The configuration and its catalog. */
export interface LoadedConfig extends Config {
  /** Reads the file again, with the environment that the rest was read with. */
  readonly readCatalogFile: (path: string) => {
    readonly catalog: CatalogSnapshot;
    readonly payments: Config['payments'];
  };
  readonly catalog: CatalogSnapshot;
}
