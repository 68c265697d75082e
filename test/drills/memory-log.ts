import { readFileSync } from 'node:fs';

/** Memory of processes over time, in MB, as Linux tells it. */
export class MemoryLog {
  private readonly beganMs = performance.now();
  private readonly samples: {
    readonly seconds: number;
    readonly megabytes: readonly (number | undefined)[];
  }[] = [];

  /** @param pids in the same order each time; of those that do not run, nothing is noted */
  sample(pids: readonly (number | undefined)[]): void {
    const seconds = Math.round((performance.now() - this.beganMs) / 1000);
    this.samples.push({ seconds, megabytes: pids.map(residentMegabytes) });
  }

  /** A line for each sample, thinned to at most `most`. */
  lines(names: readonly string[], most = 30): string {
    const step = Math.max(1, Math.ceil(this.samples.length / most));
    const shown = this.samples.filter((_, index) => index % step === 0);
    const rows = shown.map(({ seconds, megabytes }) => [seconds, ...megabytes.map((value) => value ?? '–')]);
    return [['second', ...names], ...rows].map((row) => row.join('\t')).join('\n');
  }
}

/** Megabytes of the heap that were in use after each full collection, as `node --trace-gc` tells. */
export function heapInUse(output: string): readonly number[] {
  return [...output.matchAll(/Mark-Compact.*? -> ([\d.]+) \(/g)].map(([, used]) => Number(used));
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? 0;
}

function residentMegabytes(pid: number | undefined): number | undefined {
  if (pid === undefined) return undefined;
  try {
    const [, kilobytes] = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? [];
    return kilobytes === undefined ? undefined : Math.round(Number(kilobytes) / 1024);
  } catch {
    return undefined;
  }
}
