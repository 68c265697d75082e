-- AlterTable
ALTER TABLE "accounts" ADD COLUMN "compaction_key" BYTEA;

-- CreateTable
CREATE TABLE "responses" (
    "id" TEXT NOT NULL,
    "account_id" TEXT NOT NULL,
    "status" TEXT NOT NULL,
    "model" TEXT NOT NULL,
    "previous_response_id" TEXT,
    "conversation_id" TEXT,
    "background" BOOLEAN NOT NULL,
    "streamed" BOOLEAN NOT NULL,
    "hold_id" TEXT NOT NULL,
    "process_id" TEXT NOT NULL,
    "runs" INTEGER NOT NULL DEFAULT 1,
    "request" JSON,
    "chat" JSON,
    "chat_metadata" TEXT[],
    "envelope" JSON,
    "created_at" TIMESTAMPTZ(3) NOT NULL,
    "finished_at" TIMESTAMPTZ(3),
    "last_used_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "cancel_requested_at" TIMESTAMPTZ(3),
    "deleted_at" TIMESTAMPTZ(3),

    CONSTRAINT "responses_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "response_items" (
    "response_id" TEXT NOT NULL,
    "direction" SMALLINT NOT NULL,
    "position" INTEGER NOT NULL,
    "account_id" TEXT NOT NULL,
    "item_id" TEXT NOT NULL,
    "item" JSON NOT NULL,

    CONSTRAINT "response_items_pkey" PRIMARY KEY ("response_id","direction","position")
);

-- CreateTable
CREATE TABLE "response_events" (
    "response_id" TEXT NOT NULL,
    "sequence_number" INTEGER NOT NULL,
    "type" TEXT NOT NULL,
    "event" JSON NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "response_events_pkey" PRIMARY KEY ("response_id","sequence_number")
);

-- CreateTable
CREATE TABLE "conversations" (
    "id" TEXT NOT NULL,
    "account_id" TEXT NOT NULL,
    "metadata" JSON NOT NULL,
    "next_item" INTEGER NOT NULL DEFAULT 0,
    "locked_by" TEXT,
    "locked_until" TIMESTAMPTZ(3),
    "created_at" TIMESTAMPTZ(3) NOT NULL,
    "last_used_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "deleted_at" TIMESTAMPTZ(3),

    CONSTRAINT "conversations_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "conversation_items" (
    "conversation_id" TEXT NOT NULL,
    "position" INTEGER NOT NULL,
    "account_id" TEXT NOT NULL,
    "item_id" TEXT NOT NULL,
    "item" JSON NOT NULL,

    CONSTRAINT "conversation_items_pkey" PRIMARY KEY ("conversation_id","position")
);

-- CreateIndex
CREATE INDEX "responses_account_id_created_at_idx" ON "responses"("account_id", "created_at");

-- CreateIndex
CREATE INDEX "responses_previous_response_id_idx" ON "responses"("previous_response_id");

-- CreateIndex
CREATE INDEX "responses_conversation_id_idx" ON "responses"("conversation_id");

-- CreateIndex
CREATE INDEX "responses_last_used_at_idx" ON "responses"("last_used_at");

-- CreateIndex
CREATE INDEX "response_events_created_at_idx" ON "response_events"("created_at");

-- CreateIndex
CREATE INDEX "response_items_account_id_item_id_idx" ON "response_items"("account_id", "item_id");

-- CreateIndex
CREATE INDEX "conversations_account_id_created_at_idx" ON "conversations"("account_id", "created_at");

-- CreateIndex
CREATE UNIQUE INDEX "conversation_items_conversation_id_item_id_key" ON "conversation_items"("conversation_id", "item_id");

-- CreateIndex
CREATE INDEX "conversation_items_account_id_item_id_idx" ON "conversation_items"("account_id", "item_id");

-- What the schema file cannot say: the few records that are not finished, for whoever looks for those left behind.
CREATE INDEX "responses_unfinished_idx" ON "responses"("hold_id") WHERE "finished_at" IS NULL;

-- Stored chat completions, in the order in which they are listed.
CREATE INDEX "responses_chat_idx" ON "responses"("account_id", "created_at", "finished_at", "id") WHERE "chat" IS NOT NULL;
