import { createRequire } from 'node:module';
import { Writable } from 'node:stream';
import { pino, type DestinationStream, type Logger } from 'pino';
import type { build } from 'pino-pretty';
import { LineOutput, standardOutput } from './line-output.js';
import { REDACTED, REDACTED_PATHS, redactLine } from './redaction.js';

export interface LogSettings {
  /** One of pino's levels, or `silent`. */
  readonly level: string;
  /** Readable lines for a terminal; otherwise one JSON object a line. */
  readonly pretty: boolean;
}

/** Loads pino-pretty where it is needed: most logs are read by programs. */
const require = createRequire(import.meta.url);

/** The process's logger. It removes secrets by field name and by pattern. */
export function createLogger(settings: LogSettings, output: DestinationStream = standardOutput()): Logger {
  const logger = pino(
    {
      level: settings.level,
      timestamp: pino.stdTimeFunctions.isoTime,
      redact: { paths: [...REDACTED_PATHS], censor: REDACTED },
      hooks: { streamWrite: redactLine },
    },
    settings.pretty ? pretty(output) : output,
  );
  const tellOfLoss = (lines: number): void =>
    logger.warn({ lines }, 'log lines were dropped: they could not be written');
  if (output instanceof LineOutput) output.onRecovered = tellOfLoss;
  return logger;
}

function pretty(output: DestinationStream): DestinationStream {
  const destination = new Writable({
    decodeStrings: false,
    write(line: string, _encoding, done) {
      output.write(line);
      done();
    },
  });
  const { build: prettyStream } = require('pino-pretty') as { readonly build: typeof build };
  return prettyStream({ sync: true, singleLine: true, ignore: 'pid,hostname', destination });
}
