import { pino, type DestinationStream, type Logger } from 'pino';
import { build as prettyStream } from 'pino-pretty';
import { REDACTED, REDACTED_PATHS, redactLine } from './redaction.js';

export interface LogSettings {
  /** One of pino's levels, or `silent`. */
  readonly level: string;
  /** For people at a terminal; otherwise one JSON object a line. */
  readonly pretty: boolean;
}

/** The process's logger. Secrets are left out by field name and by how they look. */
export function createLogger(settings: LogSettings, destination?: DestinationStream): Logger {
  return pino(
    {
      level: settings.level,
      timestamp: pino.stdTimeFunctions.isoTime,
      redact: { paths: [...REDACTED_PATHS], censor: REDACTED },
      hooks: { streamWrite: redactLine },
    },
    settings.pretty
      ? prettyStream({
          sync: true,
          singleLine: true,
          ignore: 'pid,hostname',
          ...(destination && { destination }),
        })
      : (destination ?? pino.destination({ dest: 1, sync: true })),
  );
}
