import { StringDecoder } from 'node:string_decoder';
import { malformed } from '../http/malformed.js';

/** Longest frame, in UTF-16 units; an upstream that sends more without an end is broken. */
const MAX_FRAME_UNITS = 8 * 1024 * 1024;

/**
 * Server-Sent Events in, the `data` of each event out. Bytes may be split anywhere, lines may end in LF, CRLF or CR.
 * Comments and every field but `data` are skipped. Rules: WHATWG HTML, "Interpreting an event stream", except that
 * the last event counts even without its final empty line.
 */
export class SseParser {
  private readonly decoder = new StringDecoder('utf8');
  private partialLine = '';
  private data: string | undefined;
  private begun = false;
  /** The last text ended in CR; an LF that comes next belongs to it. */
  private afterCarriageReturn = false;

  /** @param accept is called at once with the data of each event, never with empty data. */
  constructor(private readonly accept: (data: string) => void) {}

  /** @throws UpstreamFailure for a frame above the limit. */
  push(bytes: Buffer): void {
    this.pushText(this.decoder.write(bytes));
  }

  /** Ends an event that was cut off by the end of the stream. */
  end(): void {
    this.pushText(`${this.decoder.end()}\n\n`);
  }

  private pushText(text: string): void {
    if (text === '') return;
    let start = this.skipped(text);
    let lineFeed = text.indexOf('\n', start);
    let carriageReturn = text.indexOf('\r', start);
    while (lineFeed !== -1 || carriageReturn !== -1) {
      const atCarriageReturn = carriageReturn !== -1 && (lineFeed === -1 || carriageReturn < lineFeed);
      const end = atCarriageReturn ? carriageReturn : lineFeed;
      this.line(this.partialLine + text.slice(start, end));
      this.partialLine = '';
      start = end + 1;
      if (atCarriageReturn) {
        if (lineFeed === start) start += 1;
        else this.afterCarriageReturn = start === text.length;
        carriageReturn = text.indexOf('\r', start);
      }
      if (lineFeed !== -1 && lineFeed < start) lineFeed = text.indexOf('\n', start);
    }
    this.partialLine += text.slice(start);
    this.checkSize();
  }

  /** How much of the text's beginning is a byte order mark or the second half of a line end. */
  private skipped(text: string): number {
    let start = 0;
    if (!this.begun) {
      this.begun = true;
      if (text.startsWith('\uFEFF')) start = 1;
    }
    if (this.afterCarriageReturn && text.startsWith('\n')) start = 1;
    this.afterCarriageReturn = false;
    return start;
  }

  private line(line: string): void {
    if (line === '') {
      const data = this.data;
      this.data = undefined;
      if (data !== undefined && data !== '') this.accept(data);
    } else if (line.startsWith('data:')) {
      const value = line.slice(line.startsWith(' ', 5) ? 6 : 5);
      this.data = this.data === undefined ? value : `${this.data}\n${value}`;
      this.checkSize();
    }
  }

  private checkSize(): void {
    if (this.partialLine.length + (this.data?.length ?? 0) > MAX_FRAME_UNITS) {
      throw malformed('a frame is longer than its limit');
    }
  }
}
