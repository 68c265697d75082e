/** Smallest buffer for more than one chunk. */
const LEAST_BYTES = 65_536;

/**
 * Joins chunks as they come. Memory is at most twice their bytes, even when the chunks are small; a body of single
 * bytes, kept as separate chunks, would take a hundred times its size.
 */
export class Gathering {
  private memory: Buffer = Buffer.alloc(0);
  size = 0;

  add(chunk: Buffer): void {
    const size = this.size + chunk.length;
    if (this.size === 0) this.memory = chunk;
    else {
      if (size > this.memory.length) this.enlarge(size);
      chunk.copy(this.memory, this.size);
    }
    this.size = size;
  }

  bytes(): Buffer {
    return this.memory.subarray(0, this.size);
  }

  private enlarge(size: number): void {
    const larger = Buffer.allocUnsafe(Math.max(size, 2 * this.memory.length, LEAST_BYTES));
    this.memory.copy(larger, 0, 0, this.size);
    this.memory = larger;
  }
}
