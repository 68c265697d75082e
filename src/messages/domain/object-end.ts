/**
 * Finds the end of one JSON object that comes in pieces. Each character is looked at once, however often somebody asks.
 * It does not check the object: what is no JSON may end never, or too early.
 */
export class ObjectEnd {
  private depth = 0;
  private inText = false;
  private isEscaped = false;
  private found = false;

  /** Whether the object has ended. */
  get isReached(): boolean {
    return this.found;
  }

  add(piece: string): void {
    for (let index = 0; index < piece.length && !this.found; index += 1) this.look(piece[index] ?? '');
  }

  private look(character: string): void {
    if (this.isEscaped) this.isEscaped = false;
    else if (this.inText) {
      if (character === '\\') this.isEscaped = true;
      else if (character === '"') this.inText = false;
    } else if (character === '"') this.inText = true;
    else if (character === '{' || character === '[') this.depth += 1;
    else if (character === '}' || character === ']') {
      this.depth -= 1;
      this.found = this.depth <= 0;
    }
  }
}
