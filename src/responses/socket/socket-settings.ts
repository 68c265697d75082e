import type { ConfigService } from '@nestjs/config';
import type { Config, StreamingConfig } from '../../config/config.js';

export const SOCKET_SETTINGS = Symbol('socket settings');

export interface SocketSettings {
  readonly streaming: StreamingConfig;
  /** Largest message; also the most that is kept of messages that wait, and of responses that are not stored. */
  readonly maxBytes: number;
  /** How long a socket takes messages. */
  readonly lifetimeMs: number;
  /** Sockets of one key that may be open in this process. */
  readonly perKey: number;
  /** What its running responses get after that. */
  readonly graceMs: number;
}

export function socketSettings(config: ConfigService<Config, true>): SocketSettings {
  return {
    streaming: config.get('streaming', { infer: true }),
    maxBytes: config.get('maxBodyBytes', { infer: true }),
    lifetimeMs: config.get('socketLifetimeMs', { infer: true }),
    perKey: config.get('socketsPerKey', { infer: true }),
    graceMs: config.get('shutdownGraceMs', { infer: true }),
  };
}
