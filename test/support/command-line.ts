import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { compileProject } from './compiled.js';
import { processEnvironment } from './gateway-process.js';

export interface CommandResult {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs `slipstream` with these words, as a process of its own with nothing but this environment. */
export async function slipstream(
  words: readonly string[],
  { directory, environment = {} }: { directory: string; environment?: Readonly<Record<string, string>> },
): Promise<CommandResult> {
  const program = join(await compileProject(), 'app', 'cli', 'slipstream.js');
  return new Promise((resolve) => {
    const child = execFile(
      process.execPath,
      [program, ...words],
      { cwd: directory, env: processEnvironment(environment) },
      (_failure, stdout, stderr) => resolve({ status: child.exitCode ?? -1, stdout, stderr }),
    );
  });
}
