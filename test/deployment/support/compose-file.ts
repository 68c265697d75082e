import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';

export interface ComposeService {
  readonly image?: string;
  readonly env_file?: string;
  readonly environment: Readonly<Record<string, string>>;
  readonly volumes?: readonly string[];
  readonly ports?: readonly string[];
  readonly depends_on?: Readonly<Record<string, { readonly condition: string }>>;
  readonly healthcheck: { readonly test: readonly string[] };
  readonly stop_grace_period: string;
}

export interface ComposeFile {
  readonly services: { readonly gateway: ComposeService; readonly postgres: ComposeService };
  readonly volumes: Readonly<Record<string, unknown>>;
}

/** The project's root: tests run there. */
export const PROJECT = process.cwd();

export function readProjectFile(name: string): string {
  return readFileSync(join(PROJECT, name), 'utf8');
}

export function readComposeFile(): ComposeFile {
  return parse(readProjectFile('docker-compose.yml')) as ComposeFile;
}

/** The paths below /health that a service's check asks for. */
export function healthPaths(command: readonly string[]): readonly string[] {
  return command.join(' ').match(/\/health\/[a-z]+/g) ?? [];
}

/** Names and values of an .env file. */
export function readEnvironmentFile(text: string): Readonly<Record<string, string>> {
  const lines = text.split('\n').filter((line) => /^[A-Z]/.test(line));
  return Object.fromEntries(
    lines.map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]),
  );
}

/** Docker compose's substitution: `${NAME:?words}` must be given, `${NAME:-default}` need not. */
export function substitute(text: string, given: Readonly<Record<string, string>>): string {
  return text.replace(/\$\{([A-Z_]+):([?-])([^}]*)\}/g, (_all, name: string, kind: string, rest: string) => {
    const value = given[name] ?? '';
    if (value !== '') return value;
    if (kind === '?') throw new Error(`${name} ${rest}`);
    return rest;
  });
}

/** The variables that a text takes from the environment, with whether they must be given. */
export function namesIn(text: string): readonly { readonly name: string; readonly required: boolean }[] {
  return [...text.matchAll(/\$\{([A-Z_]+):([?-])/g)].map(([, name = '', kind]) => ({
    name,
    required: kind === '?',
  }));
}
