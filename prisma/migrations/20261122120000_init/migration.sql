-- CreateTable
CREATE TABLE "accounts" (
    "id" TEXT NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "accounts_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "api_keys" (
    "id" TEXT NOT NULL,
    "account_id" TEXT NOT NULL,
    "name" TEXT,
    "key_hash" BYTEA NOT NULL,
    "budget_limit" BIGINT,
    "budget_spent" BIGINT NOT NULL DEFAULT 0,
    "budget_held" BIGINT NOT NULL DEFAULT 0,
    "open_holds" INTEGER NOT NULL DEFAULT 0,
    "chain_id" INTEGER,
    "allowed_models" TEXT[] DEFAULT ARRAY[]::TEXT[],
    "rate_limit_rpm" INTEGER,
    "rate_arrival_at" TIMESTAMPTZ(6),
    "max_concurrent_requests" INTEGER,
    "expires_at" TIMESTAMPTZ(3),
    "revoked_at" TIMESTAMPTZ(3),
    "last_used_at" TIMESTAMPTZ(3),
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "api_keys_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "gateway_processes" (
    "id" TEXT NOT NULL,
    "lease_expires_at" TIMESTAMPTZ(3) NOT NULL,
    "started_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "gateway_processes_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "holds" (
    "id" TEXT NOT NULL,
    "key_id" TEXT NOT NULL,
    "account_id" TEXT NOT NULL,
    "process_id" TEXT NOT NULL,
    "request_id" TEXT NOT NULL,
    "response_id" TEXT,
    "idempotency_key" TEXT,
    "amount" BIGINT NOT NULL,
    "sent" BOOLEAN NOT NULL DEFAULT false,
    "input_tokens" INTEGER NOT NULL,
    "output_tokens" INTEGER NOT NULL DEFAULT 0,
    "terms" JSON NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "holds_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "receipts" (
    "id" TEXT NOT NULL,
    "hold_id" TEXT NOT NULL,
    "key_id" TEXT NOT NULL,
    "account_id" TEXT NOT NULL,
    "request_id" TEXT NOT NULL,
    "response_id" TEXT,
    "idempotency_key" TEXT,
    "network" TEXT NOT NULL,
    "meter_subject" TEXT NOT NULL,
    "provider_amount" BIGINT NOT NULL,
    "platform_fee" BIGINT NOT NULL,
    "final_amount" BIGINT NOT NULL,
    "overrun" BIGINT NOT NULL DEFAULT 0,
    "line_items" JSON NOT NULL,
    "estimated" BOOLEAN NOT NULL,
    "settlement_status" TEXT NOT NULL DEFAULT 'settled',
    "tx_hash" TEXT,
    "signature" TEXT,
    "settled_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "receipts_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "ledger_entries" (
    "transaction_id" TEXT NOT NULL,
    "ledger_account" TEXT NOT NULL,
    "amount" BIGINT NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "ledger_entries_pkey" PRIMARY KEY ("transaction_id","ledger_account")
);

-- CreateTable
CREATE TABLE "overruns" (
    "id" TEXT NOT NULL,
    "hold_id" TEXT NOT NULL,
    "key_id" TEXT NOT NULL,
    "account_id" TEXT NOT NULL,
    "request_id" TEXT NOT NULL,
    "amount" BIGINT NOT NULL,
    "reason" TEXT NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "overruns_pkey" PRIMARY KEY ("id")
);

-- CreateIndex
CREATE UNIQUE INDEX "api_keys_key_hash_key" ON "api_keys"("key_hash");

-- CreateIndex
CREATE INDEX "api_keys_account_id_idx" ON "api_keys"("account_id");

-- CreateIndex
CREATE INDEX "holds_process_id_idx" ON "holds"("process_id");

-- CreateIndex
CREATE UNIQUE INDEX "receipts_hold_id_key" ON "receipts"("hold_id");

-- CreateIndex
CREATE INDEX "receipts_account_id_settled_at_idx" ON "receipts"("account_id", "settled_at");

-- CreateIndex
CREATE INDEX "receipts_key_id_settled_at_idx" ON "receipts"("key_id", "settled_at");

-- CreateIndex
CREATE INDEX "overruns_account_id_created_at_idx" ON "overruns"("account_id", "created_at");

-- AddForeignKey
ALTER TABLE "api_keys" ADD CONSTRAINT "api_keys_account_id_fkey" FOREIGN KEY ("account_id") REFERENCES "accounts"("id") ON DELETE RESTRICT ON UPDATE CASCADE;
