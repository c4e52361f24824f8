/** The bytes of a file, written anywhere and resized at will, as a file system keeps them. */

export class FileBytes {
  #space: Buffer;
  #size: number;

  constructor(initial: Uint8Array = new Uint8Array(0)) {
    this.#space = Buffer.from(initial);
    this.#size = initial.length;
  }

  /** A copy, with nothing shared. */
  copy(): FileBytes {
    return new FileBytes(this.bytes());
  }

  /** What the file holds now; valid until the next change. */
  bytes(): Buffer {
    return this.#space.subarray(0, this.#size);
  }

  write(offset: number, data: Uint8Array): void {
    const end = offset + data.length;
    this.#reserve(end);
    this.#space.set(data, offset);
    this.#size = Math.max(this.#size, end);
  }

  resize(size: number): void {
    this.#reserve(size);
    // What lies behind the end must read as zeroes when the file grows over it again.
    if (size < this.#size) this.#space.fill(0, size, this.#size);
    this.#size = size;
  }

  #reserve(size: number): void {
    if (size <= this.#space.length) return;
    const larger = Buffer.alloc(Math.max(size, this.#space.length * 2, 1 << 16));
    this.#space.copy(larger, 0, 0, this.#size);
    this.#space = larger;
  }
}
