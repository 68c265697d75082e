import { Writable } from 'node:stream';
import { pino, type DestinationStream, type Logger } from 'pino';
import { build as prettyStream } from 'pino-pretty';
import { LineOutput, standardOutput } from './line-output.js';
import { REDACTED, REDACTED_PATHS, redactLine } from './redaction.js';

export interface LogSettings {
  /** One of pino's levels, or `silent`. */
  readonly level: string;
  /** Readable lines for a terminal; otherwise one JSON object a line. */
  readonly pretty: boolean;
}

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
  if (output instanceof LineOutput)
    output.onRecovered = (lines) =>
      logger.warn({ lines }, 'log lines were dropped: they could not be written');
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
  return prettyStream({ sync: true, singleLine: true, ignore: 'pid,hostname', destination });
}
