import { malformed } from '../../http/malformed.js';

const LINE_FEED = 10;
const CARRIAGE_RETURN = 13;
const NO_BYTES = Buffer.alloc(0);
/** A tail buffer larger than this is freed when its line has ended. */
const KEPT_TAIL_BYTES = 65_536;
/** No UTF-16 unit takes more bytes than this in UTF-8. */
const MAX_BYTES_PER_UNIT = 3;

export interface SseFrame {
  /** The frame's `event` field; empty without one. */
  readonly event: string;
  /** Its `data` lines; at least one of them is not empty. */
  readonly lines: readonly string[];
}

/**
 * Converts Server-Sent Events to frames. Bytes may be split anywhere, lines may end in LF, CRLF or CR. Comments and
 * every field but `event` and `data` are skipped. Rules: WHATWG HTML, "Interpreting an event stream", with two
 * exceptions. The last frame counts even without its final empty line. Since some servers leave out the empty lines,
 * a line that begins a JSON object directly after a line that is one ends the frame, as does any data after such an
 * object and a name. Each byte costs a constant amount of work, however the stream is cut.
 */
export class SseParser {
  /** Starts with the bytes of a line that has not ended yet. */
  private tail = NO_BYTES;
  private tailBytes = 0;
  private event = '';
  /** A name that came after data: it belongs to the same frame or to the next one, as the following lines show. */
  private laterEvent: string | undefined;
  private lines: string[] = [];
  /** Bytes of `lines`, counted from the second line on. */
  private dataBytes = 0;
  private begun = false;
  /** The previous bytes ended in CR; an LF that comes next belongs to it. */
  private afterCarriageReturn = false;

  /**
   * @param accept is called at once with each frame
   * @param maxFrameBytes limit of one line, and of the data of one frame
   */
  constructor(
    private readonly accept: (frame: SseFrame) => void,
    private readonly maxFrameBytes: number,
  ) {}

  /** @throws UpstreamFailure for a frame above the limit. */
  push(bytes: Buffer): void {
    if (bytes.length === 0) return;
    const start = this.afterCarriageReturn && bytes[0] === LINE_FEED ? 1 : 0;
    const end = Math.max(bytes.lastIndexOf(LINE_FEED), bytes.lastIndexOf(CARRIAGE_RETURN)) + 1;
    this.afterCarriageReturn = bytes.at(-1) === CARRIAGE_RETURN;
    if (end > start) this.readLines(this.afterTail(bytes.subarray(start, end)));
    this.keep(bytes.subarray(Math.max(start, end)));
  }

  /** Ends a frame that was cut off by the end of the stream. */
  end(): void {
    this.readLines(`${this.afterTail(NO_BYTES)}\n\n`);
  }

  private afterTail(bytes: Buffer): string {
    const whole =
      this.tailBytes === 0 ? bytes : Buffer.concat([this.tail.subarray(0, this.tailBytes), bytes]);
    this.tailBytes = 0;
    if (this.tail.length > KEPT_TAIL_BYTES) this.tail = NO_BYTES;
    const text = whole.toString('utf8');
    const marked = !this.begun && text.startsWith('\uFEFF');
    this.begun = true;
    return marked ? text.slice(1) : text;
  }

  private keep(bytes: Buffer): void {
    const needed = this.tailBytes + bytes.length;
    if (needed > this.maxFrameBytes) throw tooLong();
    if (needed > this.tail.length) {
      const grown = Buffer.allocUnsafe(Math.min(needed * 2, this.maxFrameBytes));
      this.tail.copy(grown, 0, 0, this.tailBytes);
      this.tail = grown;
    }
    bytes.copy(this.tail, this.tailBytes);
    this.tailBytes = needed;
  }

  /** @param text ends with a line end. */
  private readLines(text: string): void {
    let start = 0;
    let lineFeed = text.indexOf('\n');
    let carriageReturn = text.indexOf('\r');
    while (lineFeed !== -1 || carriageReturn !== -1) {
      const atCarriageReturn = carriageReturn !== -1 && (lineFeed === -1 || carriageReturn < lineFeed);
      const end = atCarriageReturn ? carriageReturn : lineFeed;
      this.line(text.slice(start, end));
      start = end + 1;
      if (atCarriageReturn) {
        if (lineFeed === start) start += 1;
        carriageReturn = text.indexOf('\r', start);
      }
      if (lineFeed !== -1 && lineFeed < start) lineFeed = text.indexOf('\n', start);
    }
  }

  private line(line: string): void {
    if (line === '') return this.dispatch();
    if (line.length * MAX_BYTES_PER_UNIT > this.maxFrameBytes && Buffer.byteLength(line) > this.maxFrameBytes)
      throw tooLong();
    if (line.startsWith('data:')) this.addData(valueOf(line, 5));
    else if (line.startsWith('event:')) this.name(valueOf(line, 6));
  }

  private name(event: string): void {
    if (this.lines.length === 0) this.event = event;
    else this.laterEvent = event;
  }

  private addData(value: string): void {
    const [first] = this.lines;
    if (first !== undefined) {
      if (this.beginsNext(first, value)) {
        const next = this.laterEvent ?? '';
        this.laterEvent = undefined;
        this.dispatch();
        this.event = next;
        this.lines.push(value);
        return;
      }
      if (this.lines.length === 1) this.dataBytes = Buffer.byteLength(first);
      this.dataBytes += Buffer.byteLength(value) + 1;
      if (this.dataBytes > this.maxFrameBytes) throw tooLong();
    }
    this.lines.push(value);
  }

  /** Whether data begins the next frame without an empty line before it. */
  private beginsNext(first: string, value: string): boolean {
    if (this.laterEvent !== undefined) return isObject(first, this.lines.at(-1) ?? '');
    return this.lines.length === 1 && isObject(first, first) && beginsFrame(value);
  }

  private dispatch(): void {
    const { lines, laterEvent, event } = this;
    this.event = '';
    this.laterEvent = undefined;
    if (lines.length === 0) return;
    this.lines = [];
    if (lines.some((line) => line !== '')) this.accept({ event: laterEvent ?? event, lines });
  }
}

function valueOf(line: string, start: number): string {
  return line.slice(line.startsWith(' ', start) ? start + 1 : start);
}

function isObject(firstLine: string, lastLine: string): boolean {
  return firstLine.startsWith('{') && lastLine.endsWith('}');
}

/** No JSON text has `}` and `{` with only a line end between them. */
function beginsFrame(line: string): boolean {
  return line.startsWith('{') || line === '[DONE]';
}

function tooLong(): Error {
  return malformed('a frame is longer than its limit');
}
