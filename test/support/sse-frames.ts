/** One frame of an event stream, as a client sees it. */
export interface Frame {
  readonly event: string | undefined;
  /** Parsed JSON, or the text `[DONE]`. */
  readonly data: unknown;
}

/** Splits a whole stream that has been read; throws on anything that is not a well-formed frame or comment. */
export function framesOf(text: string): readonly Frame[] {
  if (!text.endsWith('\n\n')) throw new Error('the stream does not end with a whole frame');
  return text
    .slice(0, -2)
    .split('\n\n')
    .filter((block) => !block.startsWith(':'))
    .map((block) => {
      const match = /^(?:event: (?<event>[^\n]+)\n)?data: (?<data>[^\n]+)$/.exec(block);
      if (!match?.groups) throw new Error(`not a frame: ${block}`);
      const { event, data = '' } = match.groups;
      return { event, data: data === '[DONE]' ? data : (JSON.parse(data) as unknown) };
    });
}
