import { spawn } from 'node:child_process';
import { type UnprivilegedUser } from './unprivileged-user.js';

export interface CommandOptions {
  readonly directory: string;
  readonly environment: Readonly<Record<string, string>>;
  readonly user: UnprivilegedUser;
  readonly timeoutMs: number;
}

export interface Command {
  readonly pid: number;
  /** Standard output and standard error so far. */
  output(): string;
  /** The exit code; null when a signal, such as that of the time limit, ended it. */
  readonly ended: Promise<number | null>;
}

/** Starts a program in a process group of its own, which is killed as a whole when its time is over. */
export function startCommand(
  program: string,
  parameters: readonly string[],
  options: CommandOptions,
): Command {
  const child = spawn(program, parameters, {
    cwd: options.directory,
    env: options.environment,
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
    ...options.user.identity,
  });
  const pieces: string[] = [];
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (piece: string) => pieces.push(piece));
  }
  const pid = child.pid ?? 0;
  const ended = new Promise<number | null>((resolve, reject) => {
    const limit = setTimeout(() => process.kill(-pid, 'SIGKILL'), options.timeoutMs);
    child.once('error', (error) => {
      clearTimeout(limit);
      reject(error);
    });
    child.once('close', (code) => {
      clearTimeout(limit);
      resolve(code);
    });
  });
  return { pid, output: () => pieces.join(''), ended };
}

/** @throws Error with the end of the program's output when it fails. */
export async function runShell(script: string, options: CommandOptions): Promise<void> {
  const command = startCommand('/bin/sh', ['-c', script], options);
  const code = await command.ended;
  if (code !== 0) throw new Error(`${script} ended with ${String(code)}:\n${command.output().slice(-3000)}`);
}
