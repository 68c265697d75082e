import { constants, openSync, writeSync } from 'node:fs';
import { isatty } from 'node:tty';

/** Lines that wait while the output takes none. */
const WAITING_BYTES = 1_048_576;
const RETRY_MS = 200;
/** Of lines that are written together. */
const BYTES_AT_ONCE = 65_536;

/** Lines of this process's log that nobody will see. */
let dropped = 0;

export function droppedLogLines(): number {
  return dropped;
}

/** Writes some bytes, perhaps not all. @returns how many @throws whatever the system says: the disk is full, nobody reads */
export type WriteSome = (bytes: Buffer) => number;

/**
 * Takes lines and never fails, waits or ends the process, whatever is behind it: a full disk, a pipe that nobody
 * reads or that is gone. Up to a mebibyte waits for better times, and what comes then is dropped and counted. The lines
 * of one turn of the event loop are written together.
 */
export class LineOutput {
  /** Told how many lines were dropped when lines can be written again. */
  onRecovered: (lines: number) => void = () => undefined;
  private readonly waiting: Buffer[] = [];
  private waitingBytes = 0;
  private lost = 0;
  private timer: NodeJS.Timeout | undefined;
  private soon: NodeJS.Immediate | undefined;

  constructor(private readonly writeSome: WriteSome) {}

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

  /** Writes what is taken now of what waits. */
  flush(): void {
    while (this.waiting.length > 0) {
      const bytes = this.takeSome();
      const written = this.attempt(bytes);
      this.waitingBytes -= written;
      if (written < bytes.length) {
        // The rest of a line that has begun comes before any other.
        this.waiting.unshift(bytes.subarray(written));
        this.timer ??= setTimeout(this.retry, RETRY_MS).unref();
        return;
      }
    }
    const { lost } = this;
    this.lost = 0;
    if (lost > 0) this.onRecovered(lost);
  }

  /** So few at a time that trying in vain costs little, however much waits. */
  private takeSome(): Buffer {
    let bytes = 0;
    let count = 0;
    for (const line of this.waiting) {
      if (count > 0 && bytes + line.length > BYTES_AT_ONCE) break;
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

/** The one for this process's standard output; a write to it never waits for a reader. */
export function standardOutput(): LineOutput {
  output ??= openStandardOutput();
  return output;
}

function openStandardOutput(): LineOutput {
  const fd = nonBlocking(process.stdout.fd);
  // What is written to these as streams may fail later, when nobody waits for it.
  process.stdout.on('error', () => undefined);
  process.stderr.on('error', () => undefined);
  const lines = new LineOutput((bytes) => writeSync(fd, bytes));
  process.once('exit', () => lines.flush());
  return lines;
}

/**
 * Node makes pipes and sockets non-blocking when `process.stdout` is first used, but not a terminal, which waits while
 * its user has stopped it: that is opened once more.
 */
function nonBlocking(fd: number): number {
  if (!isatty(fd)) return fd;
  try {
    return openSync(`/dev/fd/${fd}`, constants.O_WRONLY | constants.O_NONBLOCK | constants.O_NOCTTY);
  } catch {
    return fd;
  }
}
