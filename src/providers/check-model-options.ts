import type { ResolvedModel } from '../catalog/catalog.js';
import type { Model } from '../catalog/model.js';
import { adaptersOf } from './dialects.js';

/** Only sandbox ids carry options. @throws GatewayError 400 for options that the sandbox does not know. */
export function checkModelOptions({ model, modelOptions }: ResolvedModel<Model>): void {
  if (modelOptions === '') return;
  for (const { provider } of model.targets) adaptersOf(provider)[model.kind]?.checkOptions?.(modelOptions);
}
