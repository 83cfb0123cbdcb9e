/** How far long work has come: lines that redraw themselves on a terminal, now and then a plain line elsewhere. */

export interface Progress {
  /** `done` of 1; `detail` stands behind the bar, `below` gives lines under it (on a terminal only, as many as fit). */
  update(done: number, detail: string, below?: () => readonly string[]): void;
  /** Removes the lines. */
  close(): void;
}

const BAR = 28;
/** Plain lines come so often in a whole, so that a log stays short. */
const PLAIN_LINES = 10;
const REDRAW_MS = 100;

/** Progress for `stream` (stderr): results on stdout stay clean. */
export function createProgress(stream: NodeJS.WriteStream, label: string): Progress {
  const startedMs = Date.now();
  if (!stream.isTTY) {
    let told = 0;
    return {
      update(done, detail) {
        // A hair more, because 0.3 may arrive as 0.29999999999999993.
        const part = Math.floor(done * PLAIN_LINES + 1e-9);
        if (part <= told) return;
        told = part;
        stream.write(`${label}: ${Math.round(done * 100)} % ${detail}${remaining(startedMs, done)}\n`);
      },
      close() {},
    };
  }
  let drawnMs = 0;
  let linesBelow = 0;
  /** Back to the bar's line, everything from there on removed. */
  const clear = (): void => {
    stream.write(`${linesBelow > 0 ? `\u001b[${linesBelow}A` : ''}\r\u001b[0J`);
    linesBelow = 0;
  };
  return {
    update(done, detail, below) {
      if (Date.now() - drawnMs < REDRAW_MS && done < 1) return;
      drawnMs = Date.now();
      const filled = Math.round(done * BAR);
      const bar = '#'.repeat(filled) + '.'.repeat(BAR - filled);
      const head = `${label} [${bar}] ${String(Math.round(done * 100)).padStart(3)} % ${detail}${remaining(startedMs, done)}`;
      const lines = [head, ...(below?.() ?? []).slice(0, Math.max(0, (stream.rows ?? 24) - 2))];
      clear();
      stream.write(lines.map((line) => line.slice(0, (stream.columns ?? 100) - 1)).join('\n'));
      linesBelow = lines.length - 1;
    },
    close() {
      clear();
    },
  };
}

/** Does work with a progress line on stderr that is gone when it ends, however it ends. */
export async function withProgress<T>(label: string, work: (progress: Progress) => T | Promise<T>): Promise<T> {
  const progress = createProgress(process.stderr, label);
  try {
    return await work(progress);
  } finally {
    progress.close();
  }
}

function remaining(startedMs: number, done: number): string {
  if (done < 0.02 || done >= 1) return '';
  const leftS = ((Date.now() - startedMs) / 1000) * (1 / done - 1);
  return leftS < 90 ? `, ${Math.ceil(leftS)} s left` : `, ${Math.ceil(leftS / 60)} min left`;
}
