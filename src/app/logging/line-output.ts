import cluster from 'node:cluster';
import { constants, openSync, writeSync } from 'node:fs';
import { isatty } from 'node:tty';

/** Most bytes of lines that wait while the output takes none. */
const WAITING_BYTES = 1_048_576;
const RETRY_MS = 200;
/** Most bytes of lines that are written together. */
const BYTES_AT_ONCE = 65_536;
/** What a pipe takes whole or not at all, on Linux; so the lines of several workers do not get into each other. */
const WHOLE_BYTES = 4_096;

/** Lines of this process's log that were dropped. */
let dropped = 0;

export function droppedLogLines(): number {
  return dropped;
}

/** Writes some or all bytes. @returns how many @throws any system error, such as a full disk or a closed pipe */
export type WriteSome = (bytes: Buffer) => number;

/**
 * Takes lines and never fails, waits or ends the process, even with a full disk, or a pipe that is closed or has no
 * reader. Up to a mebibyte waits until the output recovers; further lines are dropped and counted. The lines of one
 * turn of the event loop are written together.
 */
export class LineOutput {
  /** Gets the number of dropped lines when lines can be written again. */
  onRecovered: (lines: number) => void = () => undefined;
  private readonly waiting: Buffer[] = [];
  private waitingBytes = 0;
  private lost = 0;
  private timer: NodeJS.Timeout | undefined;
  private soon: NodeJS.Immediate | undefined;

  constructor(
    private readonly writeSome: WriteSome,
    private readonly bytesAtOnce = BYTES_AT_ONCE,
  ) {}

  write(line: string): void {
    const bytes = Buffer.from(line);
    if (this.isFullFor(bytes)) this.flush();
    if (this.isFullFor(bytes)) {
      this.lost += 1;
      dropped += 1;
      return;
    }
    this.waiting.push(bytes);
    this.waitingBytes += bytes.length;
    if (!this.timer) this.soon ??= setImmediate(this.flushSoon);
  }

  private isFullFor(bytes: Buffer): boolean {
    return this.waiting.length > 0 && this.waitingBytes + bytes.length > WAITING_BYTES;
  }

  /** Writes as much of the waiting lines as the output takes now. */
  flush(): void {
    while (this.waiting.length > 0) {
      const bytes = this.takeSome();
      const written = this.attempt(bytes);
      this.waitingBytes -= written;
      if (written < bytes.length) {
        // The rest of a partly written line must come before any other.
        this.waiting.unshift(bytes.subarray(written));
        this.timer ??= setTimeout(this.retry, RETRY_MS).unref();
        return;
      }
    }
    const { lost } = this;
    this.lost = 0;
    if (lost > 0) this.onRecovered(lost);
  }

  /** Takes few lines, so that a failed write costs little when many lines wait. */
  private takeSome(): Buffer {
    let bytes = 0;
    let count = 0;
    for (const line of this.waiting) {
      if (count > 0 && bytes + line.length > this.bytesAtOnce) break;
      bytes += line.length;
      count += 1;
    }
    return Buffer.concat(this.waiting.splice(0, count), bytes);
  }

  private readonly flushSoon = (): void => {
    this.soon = undefined;
    this.flush();
  };

  private readonly retry = (): void => {
    this.timer = undefined;
    this.flush();
  };

  private attempt(bytes: Buffer): number {
    try {
      return this.writeSome(bytes);
    } catch {
      return 0;
    }
  }
}

let output: LineOutput | undefined;

/** The output for this process's standard output; a write never waits for a reader. */
export function standardOutput(): LineOutput {
  output ??= openStandardOutput();
  return output;
}

function openStandardOutput(): LineOutput {
  const fd = nonBlocking(process.stdout.fd);
  // Stream writes to these may fail later, when no code awaits them.
  process.stdout.on('error', () => undefined);
  process.stderr.on('error', () => undefined);
  const lines = new LineOutput(
    (bytes) => writeSync(fd, bytes),
    cluster.isWorker ? WHOLE_BYTES : BYTES_AT_ONCE,
  );
  process.once('exit', () => lines.flush());
  return lines;
}

/**
 * Node makes pipes and sockets non-blocking when `process.stdout` is first used. A terminal stays blocking and waits
 * while its user has stopped it, so it is opened again.
 */
function nonBlocking(fd: number): number {
  if (!isatty(fd)) return fd;
  try {
    return openSync(`/dev/fd/${fd}`, constants.O_WRONLY | constants.O_NONBLOCK | constants.O_NOCTTY);
  } catch {
    return fd;
  }
}
