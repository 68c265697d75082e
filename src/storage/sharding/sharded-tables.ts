/** A table that belongs to accounts, and what its keys become: a unique key of a sharded table has to have the account. */
export interface ShardedTable {
  readonly name: string;
  /** The columns of its primary key. */
  readonly key: readonly string[];
  /** Its indexes whose columns change, and new ones. */
  readonly indexes: readonly {
    readonly name: string;
    readonly unique: boolean;
    readonly columns: readonly string[];
  }[];
}

/** All of them by `account_id`, so that rows of one account are on one worker, whatever table they are in. */
export const SHARDED_TABLES: readonly ShardedTable[] = [
  {
    name: 'responses',
    key: ['account_id', 'id'],
    // For what a process runs, and for operators, who do not name the account.
    indexes: [{ name: 'responses_id_idx', unique: false, columns: ['id'] }],
  },
  { name: 'response_items', key: ['account_id', 'response_id', 'direction', 'position'], indexes: [] },
  { name: 'response_events', key: ['account_id', 'response_id', 'sequence_number'], indexes: [] },
  {
    name: 'conversations',
    key: ['account_id', 'id'],
    indexes: [{ name: 'conversations_id_idx', unique: false, columns: ['id'] }],
  },
  {
    name: 'conversation_items',
    key: ['account_id', 'conversation_id', 'position'],
    indexes: [
      {
        name: 'conversation_items_conversation_id_item_id_key',
        unique: true,
        columns: ['account_id', 'conversation_id', 'item_id'],
      },
    ],
  },
  {
    name: 'idempotency_records',
    key: ['account_id', 'key'],
    indexes: [{ name: 'idempotency_records_hold_id_key', unique: true, columns: ['account_id', 'hold_id'] }],
  },
];
