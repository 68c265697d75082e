-- AlterTable
ALTER TABLE "videos" ADD COLUMN     "upstream_key" TEXT;
