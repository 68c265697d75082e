import { Inject, Module, type DynamicModule, type OnModuleDestroy } from '@nestjs/common';
import { RecordStore } from '../admin/record-store.js';
import { DatabaseProbe } from '../base/database-probe.js';
import { AccountStore } from '../payments/accounts/account-store.js';
import { KeyStore } from '../payments/keys/key-store.js';
import { ProcessIdentity } from '../payments/lease-keeper.js';
import { Ledger } from '../payments/ledger.js';
import { AnswerFrames } from '../payments/once/answer-frames.js';
import { IdempotencyStore } from '../payments/once/idempotency-store.js';
import { ProcessLeases } from '../payments/process-leases.js';
import { ReceiptKeyStore } from '../payments/receipts/receipt-key-store.js';
import { ReceiptStore } from '../payments/receipts/receipt-store.js';
import { UsageSums } from '../payments/receipts/usage-sums.js';
import { PaymentStore } from '../payments/x402/payment-store.js';
import { TransactionJournal } from '../payments/x402/transaction-journal.js';
import { TokenSecretStore } from '../payments/x402/token-secret-store.js';
import { ChatCompletionStore } from '../chat/stored/chat-completion-store.js';
import { CompactionKeyStore } from '../responses/compaction/compaction-key-store.js';
import { ConversationStore } from '../responses/conversations/conversation-store.js';
import { PostgresAccountStore } from './accounts/postgres-account-store.js';
import { PostgresRecordStore } from './admin/postgres-record-store.js';
import { PostgresChatCompletionStore } from './chat/postgres-chat-completion-store.js';
import { PostgresConversationStore } from './conversations/postgres-conversation-store.js';
import { connectionsOf } from './connections.js';
import { Database } from './database.js';
import { PrismaKeyStore } from './keys/prisma-key-store.js';
import { PostgresLedger } from './ledger/postgres-ledger.js';
import { PostgresAnswerFrames } from './once/postgres-answer-frames.js';
import { PostgresIdempotencyStore } from './once/postgres-idempotency-store.js';
import { BackgroundStore } from '../responses/background/background-store.js';
import { PostgresBackgroundStore } from './responses/postgres-background-store.js';
import { RetentionStore } from '../responses/retention-store.js';
import { PostgresRetentionStore } from './responses/postgres-retention-store.js';
import { ResponseStore } from '../responses/response-store.js';
import { PostgresCompactionKeyStore } from './responses/postgres-compaction-key-store.js';
import { PostgresResponseStore } from './responses/postgres-response-store.js';
import { PostgresReceiptStore } from './receipts/postgres-receipt-store.js';
import { PostgresUsageSums } from './receipts/postgres-usage-sums.js';
import { PostgresReceiptKeyStore } from './receipts/postgres-receipt-key-store.js';
import { PostgresTokenSecretStore } from './postgres-token-secret-store.js';
import { PostgresProcessLeases } from './postgres-process-leases.js';
import { StorageRoom } from './storage-room.js';
import { PollStore } from '../videos/polling/poll-store.js';
import { VideoStore } from '../videos/video-store.js';
import { PostgresPollStore } from './videos/postgres-poll-store.js';
import { PostgresVideoStore } from './videos/postgres-video-store.js';
import { PostgresPaymentStore } from './x402/postgres-payment-store.js';
import { PostgresTransactionJournal } from './x402/postgres-transaction-journal.js';

/** Implements every port that needs the database. */
@Module({})
export class StorageModule implements OnModuleDestroy {
  constructor(@Inject(Database) private readonly database: Database) {}

  /** @param workers processes that share the connections of one gateway */
  static forRoot(databaseUrl: string, maxStoredBytes: number, workers: number): DynamicModule {
    return {
      module: StorageModule,
      global: true,
      providers: [
        ProcessIdentity,
        { provide: Database, useFactory: () => new Database(databaseUrl, connectionsOf(workers).each) },
        {
          provide: StorageRoom,
          inject: [Database],
          useFactory: (database: Database) => new StorageRoom(database, maxStoredBytes),
        },
        { provide: AccountStore, useClass: PostgresAccountStore },
        { provide: AnswerFrames, useClass: PostgresAnswerFrames },
        { provide: ChatCompletionStore, useClass: PostgresChatCompletionStore },
        { provide: CompactionKeyStore, useClass: PostgresCompactionKeyStore },
        { provide: DatabaseProbe, useExisting: Database },
        { provide: IdempotencyStore, useClass: PostgresIdempotencyStore },
        { provide: KeyStore, useClass: PrismaKeyStore },
        { provide: Ledger, useClass: PostgresLedger },
        { provide: ProcessLeases, useClass: PostgresProcessLeases },
        { provide: BackgroundStore, useClass: PostgresBackgroundStore },
        { provide: ConversationStore, useClass: PostgresConversationStore },
        { provide: RecordStore, useClass: PostgresRecordStore },
        { provide: ReceiptKeyStore, useClass: PostgresReceiptKeyStore },
        { provide: ReceiptStore, useClass: PostgresReceiptStore },
        { provide: RetentionStore, useClass: PostgresRetentionStore },
        { provide: PaymentStore, useClass: PostgresPaymentStore },
        { provide: PollStore, useClass: PostgresPollStore },
        { provide: ResponseStore, useClass: PostgresResponseStore },
        { provide: TransactionJournal, useClass: PostgresTransactionJournal },
        { provide: TokenSecretStore, useClass: PostgresTokenSecretStore },
        { provide: UsageSums, useClass: PostgresUsageSums },
        { provide: VideoStore, useClass: PostgresVideoStore },
      ],
      exports: [
        AccountStore,
        AnswerFrames,
        BackgroundStore,
        ChatCompletionStore,
        CompactionKeyStore,
        ConversationStore,
        DatabaseProbe,
        IdempotencyStore,
        KeyStore,
        Ledger,
        ProcessIdentity,
        PaymentStore,
        PollStore,
        ProcessLeases,
        RecordStore,
        ReceiptKeyStore,
        ReceiptStore,
        ResponseStore,
        RetentionStore,
        TransactionJournal,
        TokenSecretStore,
        UsageSums,
        VideoStore,
      ],
    };
  }

  async onModuleDestroy(): Promise<void> {
    await this.database.close();
  }
}
