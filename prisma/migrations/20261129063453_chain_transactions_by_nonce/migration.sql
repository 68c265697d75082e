-- CreateIndex
CREATE INDEX "chain_transactions_chain_id_signer_nonce_idx" ON "chain_transactions"("chain_id", "signer", "nonce");
