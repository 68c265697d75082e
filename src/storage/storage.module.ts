import {
  Inject,
  Module,
  type DynamicModule,
  type FactoryProvider,
  type OnModuleDestroy,
} from '@nestjs/common';
import { RecordStore } from '../admin/record-store.js';
import type { Config } from '../base/config.js';
import { DatabaseProbe } from '../base/database-probe.js';
import { AccountStore } from '../payments/accounts/account-store.js';
import { KeyStore } from '../payments/keys/key-store.js';
import { ProcessIdentity } from '../payments/lease-keeper.js';
import { Ledger } from '../payments/ledger.js';
import { AnswerFrames } from '../payments/once/answer-frames.js';
import { IdempotencyStore } from '../payments/once/idempotency-store.js';
import { LedgerClock } from '../payments/ledger-clock.js';
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
import { Layout, layoutOf } from './sharding/layout.js';
import { ShardedBackgroundStore } from './sharding/sharded-background-store.js';
import { ShardedChatCompletionStore } from './sharding/sharded-chat-completion-store.js';
import { ShardedConversationStore } from './sharding/sharded-conversation-store.js';
import { ShardedLedger } from './sharding/sharded-ledger.js';
import { ShardedAnswerFrames, ShardedIdempotencyStore } from './sharding/sharded-once-stores.js';
import { ShardedPaymentStore } from './sharding/sharded-payment-store.js';
import { ShardedProcessLeases } from './sharding/sharded-process-leases.js';
import { ShardedRecordStore } from './sharding/sharded-record-store.js';
import { ShardedResponseStore } from './sharding/sharded-response-store.js';
import { ShardedRetentionStore } from './sharding/sharded-retention-store.js';
import { ShardedVideoStore } from './sharding/sharded-video-store.js';
import { StorageRoom } from './storage-room.js';
import { PollStore } from '../videos/polling/poll-store.js';
import { VideoStore } from '../videos/video-store.js';
import { PostgresPollStore } from './videos/postgres-poll-store.js';
import { PostgresVideoStore } from './videos/postgres-video-store.js';
import { PostgresPaymentStore } from './x402/postgres-payment-store.js';
import { PostgresTransactionJournal } from './x402/postgres-transaction-journal.js';

type Adapter<Port> = new (database: Database, identity: ProcessIdentity, room: StorageRoom) => Port;

/** The adapter of a port by where the content is: beside the money, or on the shards of a cluster. */
function placed<Port>(
  port: abstract new () => Port,
  beside: Adapter<Port>,
  onShards: Adapter<Port>,
): FactoryProvider<Port> {
  return {
    provide: port,
    inject: [Layout, Database, ProcessIdentity, StorageRoom],
    useFactory: ({ isSharded }: Layout, database: Database, identity: ProcessIdentity, room: StorageRoom) =>
      new (isSharded ? onShards : beside)(database, identity, room),
  };
}

/** Nobody else ends the connections of a start that fails. */
async function layoutOrClosed(database: Database): Promise<Layout> {
  try {
    return await layoutOf(database.pool);
  } catch (failure) {
    await database.close();
    throw failure;
  }
}

/** Implements every port that needs the database. */
@Module({})
export class StorageModule implements OnModuleDestroy {
  constructor(@Inject(Database) private readonly database: Database) {}

  static forRoot(
    databaseUrl: string,
    { database, maxStoredBytes, workers }: Pick<Config, 'database' | 'maxStoredBytes' | 'workers'>,
  ): DynamicModule {
    const { preparedStatements } = database;
    const options = { connections: connectionsOf(workers).each, preparedStatements };
    return {
      module: StorageModule,
      global: true,
      providers: [
        ProcessIdentity,
        { provide: Database, useFactory: () => new Database(databaseUrl, options) },
        {
          provide: StorageRoom,
          inject: [Database],
          useFactory: (opened: Database) => new StorageRoom(opened, maxStoredBytes),
        },
        { provide: Layout, inject: [Database], useFactory: layoutOrClosed },
        { provide: AccountStore, useClass: PostgresAccountStore },
        placed(AnswerFrames, PostgresAnswerFrames, ShardedAnswerFrames),
        placed(ChatCompletionStore, PostgresChatCompletionStore, ShardedChatCompletionStore),
        { provide: CompactionKeyStore, useClass: PostgresCompactionKeyStore },
        { provide: DatabaseProbe, useExisting: Database },
        placed(IdempotencyStore, PostgresIdempotencyStore, ShardedIdempotencyStore),
        { provide: KeyStore, useClass: PrismaKeyStore },
        placed(Ledger, PostgresLedger, ShardedLedger),
        { provide: LedgerClock, inject: [Database], useFactory: ({ clock }: Database) => clock },
        placed(ProcessLeases, PostgresProcessLeases, ShardedProcessLeases),
        placed(BackgroundStore, PostgresBackgroundStore, ShardedBackgroundStore),
        placed(ConversationStore, PostgresConversationStore, ShardedConversationStore),
        placed(RecordStore, PostgresRecordStore, ShardedRecordStore),
        { provide: ReceiptKeyStore, useClass: PostgresReceiptKeyStore },
        { provide: ReceiptStore, useClass: PostgresReceiptStore },
        placed(RetentionStore, PostgresRetentionStore, ShardedRetentionStore),
        placed(PaymentStore, PostgresPaymentStore, ShardedPaymentStore),
        { provide: PollStore, useClass: PostgresPollStore },
        placed(ResponseStore, PostgresResponseStore, ShardedResponseStore),
        { provide: TransactionJournal, useClass: PostgresTransactionJournal },
        { provide: TokenSecretStore, useClass: PostgresTokenSecretStore },
        { provide: UsageSums, useClass: PostgresUsageSums },
        placed(VideoStore, PostgresVideoStore, ShardedVideoStore),
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
        LedgerClock,
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
