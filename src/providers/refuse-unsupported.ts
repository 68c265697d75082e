import type { TextModel } from '../catalog/model.js';
import type { Prompt } from '../text/prompt.js';
import { adaptersOf } from './dialects.js';
import type { ToClientParam } from './text/text-request.js';
import { unsupportedError } from './unsupported.js';

/**
 * Refuses what none of the model's targets can be asked, before anything is held for it.
 *
 * @throws GatewayError unsupported_parameter
 */
export function refuseUnsupported(
  { targets }: TextModel,
  prompt: Prompt,
  toClientParam?: ToClientParam,
): void {
  const found = targets.map(({ provider }) => adaptersOf(provider).text.unsupported?.(prompt, provider));
  const [first] = found;
  if (first && found.every((each) => each !== undefined)) throw unsupportedError(first, toClientParam);
}
