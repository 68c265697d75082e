-- For the lists of operators.
CREATE INDEX IF NOT EXISTS "responses_model_created_at_idx" ON "responses"("model", "created_at");
