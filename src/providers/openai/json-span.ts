const QUOTE = 34;
const BACKSLASH = 92;
const OPENING: ReadonlySet<number> = new Set([91, 123]);
const CLOSING: ReadonlySet<number> = new Set([93, 125]);

/** Follows JSON text piece by piece and knows when the object or list that it began with is complete. Linear. */
export class JsonSpan {
  private depth = 0;
  private inString = false;
  private escaped = false;
  private opened = false;

  get whole(): boolean {
    return this.opened && this.depth === 0;
  }

  add(piece: string): void {
    for (let position = 0; position < piece.length; position += 1) {
      const unit = piece.charCodeAt(position);
      if (this.inString) {
        if (this.escaped) this.escaped = false;
        else if (unit === BACKSLASH) this.escaped = true;
        else if (unit === QUOTE) this.inString = false;
      } else if (unit === QUOTE) this.inString = true;
      // Braces and brackets; a parser checks that they match.
      else if (OPENING.has(unit)) {
        this.opened = true;
        this.depth += 1;
      } else if (CLOSING.has(unit)) this.depth -= 1;
    }
  }
}
