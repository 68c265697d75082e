-- What a stream shows while it runs, for those who joined it at other replicas. Nothing of it is needed when the call has
-- ended, and after a crash of the database every call has: so it is not logged.
CREATE UNLOGGED TABLE "answer_frames" (
    "response_id" TEXT NOT NULL,
    "end_character" INTEGER NOT NULL,
    "start_character" INTEGER NOT NULL,
    "account_id" TEXT NOT NULL,
    "frames" TEXT NOT NULL,
    "headers" JSON NOT NULL,

    CONSTRAINT "answer_frames_pkey" PRIMARY KEY ("response_id","end_character")
);

-- CreateTable
CREATE UNLOGGED TABLE "answer_watches" (
    "response_id" TEXT NOT NULL,
    "process_id" TEXT NOT NULL,
    "expires_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "answer_watches_pkey" PRIMARY KEY ("response_id","process_id")
);
