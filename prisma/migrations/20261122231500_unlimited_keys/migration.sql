-- greatest() passes over null, so a key without a limit showed as one that has nothing left.
CREATE OR REPLACE VIEW admin.keys AS
SELECT k.id AS key_id, k.account_id AS account, k.name, k.budget_limit, k.budget_spent, k.budget_held,
       CASE WHEN k.budget_limit IS NOT NULL
            THEN greatest(k.budget_limit - k.budget_spent - k.budget_held, 0) END AS budget_remaining,
       k.open_holds, k.chain_id, k.allowed_models, k.rate_limit_rpm, k.max_concurrent_requests,
       k.created_at, k.last_used_at, k.expires_at, k.revoked_at,
       k.revoked_at IS NULL AND coalesce(k.expires_at > now(), true) AS live
FROM api_keys k;
