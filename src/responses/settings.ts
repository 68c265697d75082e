import { Injectable } from '@nestjs/common';
import { ConfigService } from '@nestjs/config';
import type { Config, StreamingConfig } from '../base/config.js';

const DAY_MS = 86_400_000;

/** The configuration of WebSockets for responses. */
interface SocketSettings {
  readonly streaming: StreamingConfig;
  /** Largest message; also the bound on all waiting messages, and on all responses that are not stored. */
  readonly maxBytes: number;
  /** How long a socket takes messages. */
  readonly lifetimeMs: number;
  /** How long its running responses may go on after that. */
  readonly graceMs: number;
  /** Open sockets that one key may have in this process. */
  readonly perKey: number;
}

/** The configuration of responses. */
@Injectable()
export class ResponseSettings {
  /** How long a request waits for the end of a run that it ends, milliseconds: longer than a dead process's lease. */
  readonly endWaitMs: number;
  /** How long stored content is kept without use, milliseconds. */
  readonly keepMs: number;
  readonly sockets: SocketSettings;

  constructor(config: ConfigService<Config, true>) {
    this.endWaitMs = config.get('payments', { infer: true }).leaseMs * 2;
    this.keepMs = config.get('responseRetentionDays', { infer: true }) * DAY_MS;
    this.sockets = {
      streaming: config.get('streaming', { infer: true }),
      maxBytes: config.get('maxBodyBytes', { infer: true }),
      lifetimeMs: config.get('socketLifetimeMs', { infer: true }),
      graceMs: config.get('shutdownGraceMs', { infer: true }),
      perKey: config.get('socketsPerKey', { infer: true }),
    };
  }
}
