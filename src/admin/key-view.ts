import type { KeyRecord } from '../payments/keys/key-store.js';

/** A key as the admin interface shows it; never the key itself. Amounts are atomic USDC. */
export interface KeyView {
  readonly id: string;
  readonly object: 'key';
  readonly account: string;
  readonly name: string | null;
  readonly budget_limit: string | null;
  readonly budget_spent: string;
  readonly budget_held: string;
  readonly budget_remaining: string | null;
  readonly chain_id: number | null;
  readonly allowed_models: readonly string[] | null;
  readonly rate_limit_rpm: number | null;
  readonly max_concurrent_requests: number | null;
  readonly expires_at: string | null;
  readonly revoked_at: string | null;
  readonly last_used_at: string | null;
  readonly created_at: string;
}

export function keyView(key: KeyRecord): KeyView {
  const { budgetLimit, budgetSpent, budgetHeld } = key;
  const remaining = budgetLimit === null ? null : budgetLimit - budgetSpent - budgetHeld;
  return {
    id: key.id,
    object: 'key',
    account: key.accountId,
    name: key.name,
    budget_limit: budgetLimit?.toString() ?? null,
    budget_spent: budgetSpent.toString(),
    budget_held: budgetHeld.toString(),
    budget_remaining: remaining === null ? null : (remaining > 0n ? remaining : 0n).toString(),
    chain_id: key.chainId,
    allowed_models: key.allowedModels.length > 0 ? key.allowedModels : null,
    rate_limit_rpm: key.rateLimitRpm,
    max_concurrent_requests: key.maxConcurrentRequests,
    expires_at: key.expiresAt?.toISOString() ?? null,
    revoked_at: key.revokedAt?.toISOString() ?? null,
    last_used_at: key.lastUsedAt?.toISOString() ?? null,
    created_at: key.createdAt.toISOString(),
  };
}
