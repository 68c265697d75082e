/** Smallest piece of memory that is made for more than one chunk. */
const LEAST_BYTES = 65_536;

/**
 * Chunks, put together as they come: memory is at most twice their bytes, however small they are. Kept as they came, a
 * body of single bytes would take a hundred times its size.
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
