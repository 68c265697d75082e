import { NO_LIMITS, type KeySettings } from '../payments/keys/key-store.js';
import type { Networks } from '../payments/networks.js';
import type { KeyChanges, NewKey } from './key-input.js';

/** @throws GatewayError `chain_not_supported` */
export function newKeySettings(input: NewKey, networks: Networks): KeySettings {
  const chainId = input.chain_id ?? null;
  if (chainId !== null) networks.require(chainId, 'chain_id');
  return { ...NO_LIMITS, chainId, ...changedSettings(input) };
}

/** Only the settings that the input names. */
export function changedSettings(input: KeyChanges): Partial<KeySettings> {
  const { name, budget_limit, expires_at, allowed_models, rate_limit_rpm, max_concurrent_requests } = input;
  return {
    ...(name === undefined ? {} : { name }),
    ...(budget_limit === undefined
      ? {}
      : { budgetLimit: budget_limit === null ? null : BigInt(budget_limit) }),
    ...(expires_at === undefined ? {} : { expiresAt: expires_at === null ? null : new Date(expires_at) }),
    ...(allowed_models === undefined ? {} : { allowedModels: allowed_models ?? [] }),
    ...(rate_limit_rpm === undefined ? {} : { rateLimitRpm: rate_limit_rpm }),
    ...(max_concurrent_requests === undefined ? {} : { maxConcurrentRequests: max_concurrent_requests }),
  };
}
