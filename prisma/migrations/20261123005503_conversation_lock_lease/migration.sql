-- AlterTable
ALTER TABLE "conversations" ADD COLUMN     "locked_for" TEXT;
