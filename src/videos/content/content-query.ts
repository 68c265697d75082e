import { GatewayError } from '../../base/errors/gateway-error.js';
import type { VideoVariant } from '../../providers/video/video-provider.js';

/** `variant`: video (default) or thumbnail. @throws GatewayError 400 */
export function parseContentQuery(query: Readonly<Record<string, unknown>>): VideoVariant {
  const { variant = 'video' } = query;
  if (variant === 'video' || variant === 'thumbnail') return variant;
  throw new GatewayError('invalid_value', '`variant` must be `video` or `thumbnail`.', { param: 'variant' });
}
