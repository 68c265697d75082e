import { GatewayError } from '../base/errors/gateway-error.js';
import type { ResponseStatus } from './domain/status.js';

const PARAM = { param: 'previous_response_id' };

/** @throws GatewayError for a parent that does not exist, has failed or has not ended. */
export function refuseParent(id: string, parent: { readonly status: ResponseStatus } | undefined): void {
  if (!parent)
    throw new GatewayError(
      'previous_response_not_found',
      `Previous response with id '${id}' not found.`,
      PARAM,
    );
  if (parent.status === 'failed')
    throw new GatewayError(
      'invalid_value',
      `Previous response with id '${id}' failed and cannot be continued.`,
      PARAM,
    );
  if (parent.status === 'queued' || parent.status === 'in_progress')
    throw new GatewayError(
      'invalid_value',
      `Previous response with id '${id}' is still ${parent.status}. Wait until it has ended.`,
      PARAM,
    );
}
