import { GatewayError } from '../../base/errors/gateway-error.js';
import { UpstreamFailure } from '../upstream-failure.js';

/**
 * The failure for an answer that is not what was asked for. The reason is for the log; it never holds text of the
 * upstream.
 */
export function malformed(reason: string): UpstreamFailure {
  return new UpstreamFailure(new GatewayError('upstream_error', undefined, { cause: reason }), {
    retryable: false,
    targetFault: true,
  });
}
