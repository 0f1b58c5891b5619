const FRAMES = ["⠋", "⠙", "⠹", "⠸", "⠼", "⠴", "⠦", "⠧", "⠇", "⠏"];
const EVERY = 100;
const CLEAR = "\r\x1b[K";

/** Line of a terminal's standard error that tells what takes long. Elsewhere it is nothing. */
export class Progress {
  readonly #stream: NodeJS.WriteStream;
  #timer: NodeJS.Timeout | undefined;
  #text = "";
  #frame = 0;

  constructor(stream: NodeJS.WriteStream = process.stderr) {
    this.#stream = stream;
  }

  /** Shows a text until `stop()`. */
  show(text: string): void {
    if (!this.#stream.isTTY) return;
    this.#text = text;
    if (this.#timer !== undefined) return;
    this.#draw();
    this.#timer = setInterval(() => this.#draw(), EVERY);
    this.#timer.unref();
  }

  /** Removes the line. */
  stop(): void {
    if (this.#timer === undefined) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
    this.#stream.write(CLEAR);
  }

  #draw(): void {
    this.#frame = (this.#frame + 1) % FRAMES.length;
    this.#stream.write(`${CLEAR}${FRAMES[this.#frame]} ${this.#text}`);
  }
}

/** Shows a text while a promise is pending. */
export async function during<T>(text: string, work: Promise<T>): Promise<T> {
  const progress = new Progress();
  progress.show(text);
  try {
    return await work;
  } finally {
    progress.stop();
  }
}
