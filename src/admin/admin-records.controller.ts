import { Controller, Get, Query, UseGuards } from '@nestjs/common';
import type { TargetState } from '../providers/target-health.js';
import { TargetReport } from '../providers/target-report.js';
import { AdminGuard } from './admin-guard.js';
import { checked } from './checked.js';
import { listBody, type ListBody, unknownAfter } from './list-body.js';
import { pageRequest, ReceiptsQuery, ResponsesQuery, VideosQuery } from './record-query.js';
import { RecordStore, type RecordPage } from './record-store.js';

type QueryText = Readonly<Record<string, unknown>>;
type Shown<Row> = Row & { readonly object: string };

/** Lists stored objects and charges, without any content. */
@Controller('admin')
@UseGuards(AdminGuard)
export class AdminRecordsController {
  constructor(
    private readonly store: RecordStore,
    private readonly targets: TargetReport,
  ) {}

  @Get('responses')
  async responses(@Query() query: QueryText): Promise<ListBody<object>> {
    const request = pageRequest(await checked(ResponsesQuery, query));
    return shown('response', await this.store.responses(request));
  }

  @Get('videos')
  async videos(@Query() query: QueryText): Promise<ListBody<object>> {
    const request = pageRequest(await checked(VideosQuery, query));
    return shown('video', await this.store.videos(request));
  }

  @Get('receipts')
  async receipts(@Query() query: QueryText): Promise<ListBody<object>> {
    const request = pageRequest(await checked(ReceiptsQuery, query));
    return shown('receipt', await this.store.receipts(request));
  }

  /** With the targets and keys that have failed lately, as all processes that serve this port know them. */
  @Get('usage')
  async usage(
    @Query() query: QueryText,
  ): Promise<ListBody<object> & { readonly targets: readonly object[] }> {
    const request = pageRequest(await checked(ReceiptsQuery, query));
    const page = shown('usage', await this.store.usage(request));
    return { ...page, targets: (await this.targets.all()).map(shownTarget) };
  }
}

function shown<Row extends { readonly id: string }>(
  object: string,
  page: RecordPage<Row> | undefined,
): ListBody<Shown<Row>> {
  if (page === undefined) throw unknownAfter();
  return listBody(
    page.rows.map((row) => ({ ...row, object })),
    page.hasMore,
  );
}

function shownTarget({
  provider,
  upstreamModel,
  keyNumber,
  state,
  failuresInARow,
  untilMs,
}: TargetState): object {
  return {
    provider,
    model: upstreamModel,
    key: keyNumber ?? null,
    state,
    failures_in_a_row: failuresInARow,
    until: untilMs === undefined ? null : new Date(untilMs).toISOString(),
  };
}
