import { Controller, Get, Header, Logger, Res } from '@nestjs/common';
import type { Response } from 'express';
import { DatabaseProbe } from '../../base/database-probe.js';
import { Drain } from './drain.js';

type Readiness =
  { readonly status: 'ok' } | { readonly status: 'unavailable'; readonly reason: 'database' | 'draining' };

const PING_TIMEOUT_MS = 2_000;

/** For load balancers and supervisors; no authentication. */
@Controller('health')
export class HealthController {
  private readonly logger = new Logger('Health');
  private ping: Promise<boolean> | undefined;

  constructor(
    private readonly drain: Drain,
    private readonly probe: DatabaseProbe,
  ) {}

  @Get('live')
  @Header('Cache-Control', 'no-store')
  live(): { readonly status: 'ok' } {
    return { status: 'ok' };
  }

  @Get('ready')
  @Header('Cache-Control', 'no-store')
  async ready(@Res({ passthrough: true }) response: Response): Promise<Readiness> {
    const readiness = await this.readiness();
    if (readiness.status !== 'ok') response.status(503);
    return readiness;
  }

  private async readiness(): Promise<Readiness> {
    if (this.drain.draining) return { status: 'unavailable', reason: 'draining' };
    if (!(await within(PING_TIMEOUT_MS, this.sharedPing())))
      return { status: 'unavailable', reason: 'database' };
    return { status: 'ok' };
  }

  /** One ping at a time for all requests, so that statements do not pile up when the database hangs. */
  private sharedPing(): Promise<boolean> {
    this.ping ??= this.probe
      .ping()
      .then(
        () => true,
        (error: unknown) => {
          this.logger.warn({ err: error, msg: 'The database did not answer the readiness check' });
          return false;
        },
      )
      .finally(() => {
        this.ping = undefined;
      });
    return this.ping;
  }
}

async function within(timeoutMs: number, answer: Promise<boolean>): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const timeout = new Promise<boolean>((resolve) => {
    timer = setTimeout(() => {
      resolve(false);
    }, timeoutMs);
  });
  try {
    return await Promise.race([answer, timeout]);
  } finally {
    clearTimeout(timer);
  }
}
