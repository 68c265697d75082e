import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

/** 400 MB to download, which is why its tests are no part of `npm test`. */
const PACKAGE = '@openai/codex@0.171.0';
export const TIMEOUT_MS = 300_000;

export interface CodexItem {
  readonly type: string;
  readonly text?: string;
}

/** The Codex CLI with a home and a workspace of its own. */
export class Codex {
  constructor(
    private readonly directory: string,
    private readonly environment: NodeJS.ProcessEnv,
  ) {}

  configure(toml: string): Promise<void> {
    const quiet = 'check_for_update_on_startup = false\n';
    const silent = '[analytics]\nenabled = false\n';
    return writeFile(join(this.directory, 'config.toml'), quiet + toml + silent);
  }

  /** The items that a run has completed. A run that fails exits with an error. */
  async run(...words: string[]): Promise<readonly CodexItem[]> {
    const options = ['--json', '--skip-git-repo-check'];
    const running = promisify(execFile)('npx', ['--yes', PACKAGE, 'exec', ...words, ...options], {
      cwd: this.directory,
      env: { ...process.env, CODEX_HOME: this.directory, ...this.environment },
      timeout: TIMEOUT_MS,
    });
    running.child.stdin?.end();
    const { stdout } = await running;
    return stdout
      .split('\n')
      .filter((line) => line.startsWith('{'))
      .map((line) => JSON.parse(line) as { type: string; item?: CodexItem })
      .flatMap(({ type, item }) => (type === 'item.completed' && item ? [item] : []));
  }
}
