import type { ResolvedVideoModel } from '../catalog/catalog.js';
import { parseSandboxVideoOptions } from './sandbox/sandbox-video-options.js';

/** Only sandbox ids carry options. @throws GatewayError 400 for options that the sandbox does not know. */
export function checkVideoOptions({ modelOptions }: ResolvedVideoModel): void {
  if (modelOptions !== '') parseSandboxVideoOptions(modelOptions);
}
