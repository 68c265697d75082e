/** Filters for the lists of the admin interface; an absent filter matches everything. */
export interface RecordFilter {
  readonly account: string | undefined;
  readonly keyId: string | undefined;
  /** Exact public id. */
  readonly model: string | undefined;
  readonly status: string | undefined;
  /** Of receipts only, as `agentId`. */
  readonly sessionId: string | undefined;
  readonly agentId: string | undefined;
  /** At this time or later. */
  readonly from: Date | undefined;
  /** Earlier than this. */
  readonly before: Date | undefined;
}

export interface RecordPageRequest {
  readonly limit: number;
  readonly order: 'asc' | 'desc';
  /** Id of the last row of the page before. */
  readonly after: string | undefined;
  readonly filter: RecordFilter;
}

export interface RecordPage<Row> {
  readonly rows: readonly Row[];
  readonly hasMore: boolean;
}

/** A stored response or chat completion without its content. Columns of `admin.responses`; amounts are atomic USDC. */
export interface ResponseRow {
  readonly id: string;
  readonly account: string;
  readonly key_id: string | null;
  readonly request_id: string | null;
  readonly model: string;
  readonly status: string;
  readonly background: boolean;
  readonly streamed: boolean;
  readonly chat_completion: boolean;
  readonly previous_response_id: string | null;
  readonly conversation_id: string | null;
  readonly created_at: Date;
  readonly finished_at: Date | null;
  readonly last_used_at: Date;
  readonly cancel_requested_at: Date | null;
  readonly deleted_at: Date | null;
  readonly duration_ms: number | null;
  readonly items: number;
  readonly content_bytes: number;
  readonly final_amount: string | null;
}

/** A video without its prompt and content. Columns of `admin.video_jobs`. */
export interface VideoRow {
  readonly id: string;
  readonly account: string;
  readonly key_id: string;
  readonly request_id: string;
  readonly model: string;
  readonly status: string;
  readonly error_code: string | null;
  readonly progress: number;
  readonly provider: string;
  readonly upstream_model: string;
  readonly upstream_id: string | null;
  readonly attempt: number;
  readonly created_at: Date;
  readonly finished_at: Date | null;
  readonly expires_at: Date | null;
  readonly deleted_at: Date | null;
  readonly duration_ms: number | null;
  readonly polled_at: Date | null;
  readonly next_poll_at: Date | null;
  readonly failed_polls: number;
  readonly failing_since: Date | null;
  readonly final_amount: string | null;
}

/** Columns of `admin.receipts`. */
export interface ReceiptRow {
  readonly id: string;
  readonly settled_at: Date;
  readonly account: string;
  readonly key_id: string | null;
  readonly provider: string;
  readonly model: string;
  readonly request_id: string;
  readonly response_id: string | null;
  readonly network: string;
  readonly settlement_status: string;
  readonly tx_hash: string | null;
  readonly estimated: boolean;
  readonly input_tokens: number;
  readonly output_tokens: number;
  readonly provider_amount: string;
  readonly platform_fee: string;
  readonly overrun: string;
  readonly final_amount: string;
  readonly session_id: string | null;
  readonly agent_id: string | null;
  readonly parent_agent_id: string | null;
}

/** Columns of `admin.usage_daily`, over the receipts that match the filter. */
export interface UsageRow {
  readonly id: string;
  /** In UTC, such as `2026-11-22`. */
  readonly day: string;
  readonly account: string;
  readonly key_id: string | null;
  readonly provider: string;
  readonly model: string;
  readonly settlement_status: string;
  readonly calls: number;
  readonly estimated_calls: number;
  readonly input_tokens: number;
  readonly output_tokens: number;
  readonly provider_amount: string;
  readonly platform_fee: string;
  readonly overrun: string;
  readonly final_amount: string;
}

/** Pages of records, newest or oldest first. Every method returns undefined when no row has the id `after`. */
export abstract class RecordStore {
  abstract responses(request: RecordPageRequest): Promise<RecordPage<ResponseRow> | undefined>;
  abstract videos(request: RecordPageRequest): Promise<RecordPage<VideoRow> | undefined>;
  /** Ordered by the time of settlement. */
  abstract receipts(request: RecordPageRequest): Promise<RecordPage<ReceiptRow> | undefined>;
  /** One row for each day, account, key, status, provider and model. */
  abstract usage(request: RecordPageRequest): Promise<RecordPage<UsageRow> | undefined>;
}
