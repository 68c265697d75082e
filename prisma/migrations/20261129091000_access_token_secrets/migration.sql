-- CreateTable
CREATE TABLE "access_token_secrets" (
    "id" INTEGER NOT NULL DEFAULT 1,
    "secret" BYTEA NOT NULL,

    CONSTRAINT "access_token_secrets_pkey" PRIMARY KEY ("id")
);

ALTER TABLE access_token_secrets ADD CONSTRAINT access_token_secrets_one_row CHECK (id = 1);
