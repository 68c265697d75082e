import { Transform } from 'class-transformer';
import { IsIn, IsOptional, Matches, ValidateBy } from '../base/shape/class-validator.js';
import { AGENT_ID } from '../base/money/agent-session.js';
import { ListQuery } from './list-query.js';
import type { RecordPageRequest } from './record-store.js';

const STATUSES_OF_RESPONSES = ['queued', 'in_progress', 'completed', 'incomplete', 'failed', 'cancelled'];
const STATUSES_OF_VIDEOS = ['submitting', 'queued', 'processing', 'completed', 'failed'];
const STATUSES_OF_RECEIPTS = ['settled', 'pending', 'failed'];

const DATE = /^\d{4}-\d{2}-\d{2}$/;
const TIME_WITH_ZONE = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2}(\.\d{1,9})?)?(Z|[+-]\d{2}:?\d{2})$/;
const EPOCH_SECONDS = /^\d{1,11}$/;

/** The filters of all lists of records. */
abstract class RecordQuery extends ListQuery {
  @IsOptional()
  @Matches(/^[A-Za-z0-9_.:@-]{1,128}$/, { message: 'account must be the name of an account' })
  account?: string;

  @IsOptional()
  @Matches(/^[A-Za-z0-9_]{1,128}$/, { message: 'key must be the id of a key, such as key_1f…' })
  key?: string;

  @IsOptional()
  @Matches(/^[^\p{C}]{1,256}$/u, { message: 'model must be the public id of a model' })
  model?: string;

  @IsOptional()
  @Time()
  created_after?: Date;

  @IsOptional()
  @Time()
  created_before?: Date;

  abstract status?: string;
}

export class ResponsesQuery extends RecordQuery {
  @IsOptional()
  @IsIn(STATUSES_OF_RESPONSES)
  status?: string;
}

export class VideosQuery extends RecordQuery {
  @IsOptional()
  @IsIn(STATUSES_OF_VIDEOS)
  status?: string;
}

/** Query of receipts, and of usage, which is their sum. */
export class ReceiptsQuery extends RecordQuery {
  @IsOptional()
  @IsIn(STATUSES_OF_RECEIPTS)
  status?: string;

  @IsOptional()
  @Matches(AGENT_ID, { message: 'session must be the id of a session, as the receipts have it' })
  session?: string;

  @IsOptional()
  @Matches(AGENT_ID, { message: 'agent must be the id of a subagent, as the receipts have it' })
  agent?: string;
}

export function pageRequest(
  query: RecordQuery & Pick<ReceiptsQuery, 'session' | 'agent'>,
): RecordPageRequest {
  return {
    limit: query.limit,
    order: query.order,
    after: query.after,
    filter: {
      account: query.account,
      keyId: query.key,
      model: query.model,
      status: query.status,
      sessionId: query.session,
      agentId: query.agent,
      from: query.created_after,
      before: query.created_before,
    },
  };
}

/** A day (in UTC), a time with its zone, or seconds since 1970. */
function Time(): PropertyDecorator {
  return (target, name) => {
    Transform(({ value }: { value: unknown }) => timeOf(value))(target, name);
    ValidateBy({
      name: 'time',
      validator: {
        validate: (value: unknown) => value instanceof Date && !Number.isNaN(value.getTime()),
        defaultMessage: () =>
          `${String(name)} must be a date such as 2026-11-22, a time with its zone such as 2026-11-22T12:00:00Z, or seconds since 1970`,
      },
    })(target, name);
  };
}

function timeOf(value: unknown): unknown {
  if (typeof value !== 'string') return value;
  if (EPOCH_SECONDS.test(value)) return new Date(Number(value) * 1000);
  return (DATE.test(value) || TIME_WITH_ZONE.test(value)) && isDay(value.slice(0, 10))
    ? new Date(value)
    : value;
}

/** Checks the day itself, because `Date` reads the 30th of February as a day in March. */
function isDay(text: string): boolean {
  const day = new Date(text);
  return !Number.isNaN(day.getTime()) && day.toISOString().startsWith(text);
}
