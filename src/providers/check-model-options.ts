import type { ResolvedModel } from '../catalog/catalog.js';
import { parseSandboxOptions } from './sandbox/sandbox-options.js';

/** Only sandbox ids carry options. @throws GatewayError 400 for options that the sandbox does not know. */
export function checkModelOptions({ modelOptions }: ResolvedModel): void {
  if (modelOptions !== '') parseSandboxOptions(modelOptions);
}
