import type { ListenConfig } from '../../base/config.js';
import type { Question } from '../../base/work/siblings.js';
import type { LogSettings } from '../logging/create-logger.js';
import type { MetricJson } from './counter-sums.js';

/** What the primary needs of the configuration, which it has from its first worker: reading it loads half of the gateway. */
export interface Needs {
  readonly listen: ListenConfig;
  /** Undefined: embedded PostgreSQL below `dataDir`. */
  readonly databaseUrl: string | undefined;
  readonly directUrl: string | undefined;
  readonly dataDir: string;
  readonly askedDataDir: string;
  readonly log: LogSettings;
  readonly shutdownGraceMs: number;
  /** Whether there is a gateway file, which SIGHUP reads again. */
  readonly hasFile: boolean;
}

export interface Beginning {
  /** Migrated. */
  readonly databaseUrl: string;
  readonly port: number;
}

export type FromWorker =
  | { readonly type: 'configured'; readonly needs: Needs }
  | { readonly type: 'serving' | 'announced' }
  /** `own`: what the asker answers itself. */
  | { readonly type: 'ask'; readonly id: number; readonly question: Question; readonly own: unknown }
  | { readonly type: 'answer'; readonly id: number; readonly answer: unknown }
  /** What it has counted until its end. */
  | { readonly type: 'counted'; readonly metrics: readonly MetricJson[] };

export type FromPrimary =
  | ({ readonly type: 'begin' } & Beginning)
  /** `end`: one for each signal that the primary got. */
  | { readonly type: 'announce' | 'end' | 'reload' }
  /** Of a sibling. */
  | { readonly type: 'asked'; readonly id: number; readonly question: Question }
  | { readonly type: 'answers'; readonly id: number; readonly answers: readonly unknown[] };
