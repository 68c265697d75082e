import { cp, mkdir, readFile, stat } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import {
  environmentOf,
  execForm,
  type Instruction,
  parseDockerfile,
  type Stage,
  valuesOf,
} from './dockerfile.js';
import { isIgnored } from './docker-ignore.js';
import { runShell } from './run-command.js';
import { type UnprivilegedUser } from './unprivileged-user.js';

export interface BuiltImage {
  /** The last stage's working directory, on this machine's disk. */
  readonly directory: string;
  readonly environment: Readonly<Record<string, string>>;
  readonly command: readonly string[];
  readonly healthCheck: readonly string[];
}

export interface Workshop {
  /** The build context: the project. */
  readonly context: string;
  /** An empty directory; each stage becomes a directory in it. */
  readonly root: string;
  readonly user: UnprivilegedUser;
  /** Of every RUN, besides the stage's own ENV. */
  readonly environment: Readonly<Record<string, string>>;
  /** RUN instructions that only make sense in a container, left out here. */
  readonly containerOnly: readonly string[];
}

const RUN_TIMEOUT_MS = 240_000;

/** Carries out the Dockerfile's own COPY and RUN instructions in a directory, as an unprivileged user. */
export async function buildImage(workshop: Workshop): Promise<BuiltImage> {
  const stages = parseDockerfile(await readFile(join(workshop.context, 'Dockerfile'), 'utf8'));
  const last = stages.at(-1);
  if (last === undefined) throw new Error('the Dockerfile has no stage');
  for (const stage of stages) await buildStage(workshop, stage);
  return {
    directory: workingDirectory(workshop, last),
    environment: environmentOf(last),
    command: execForm(valuesOf(last, 'CMD')[0] ?? ''),
    healthCheck: execForm(valuesOf(last, 'HEALTHCHECK')[0] ?? ''),
  };
}

function workingDirectory(workshop: Workshop, stage: Stage): string {
  return join(workshop.root, stage.name, valuesOf(stage, 'WORKDIR')[0] ?? '/');
}

async function buildStage(workshop: Workshop, stage: Stage): Promise<void> {
  const directory = workingDirectory(workshop, stage);
  await mkdir(directory, { recursive: true });
  await workshop.user.own(directory);
  for (const instruction of stage.instructions) await carryOut(workshop, stage, directory, instruction);
}

async function carryOut(
  workshop: Workshop,
  stage: Stage,
  directory: string,
  { keyword, value }: Instruction,
): Promise<void> {
  if (keyword === 'COPY') await copy(workshop, directory, value.split(/\s+/));
  if (keyword !== 'RUN' || workshop.containerOnly.includes(value)) return;
  await runShell(value, {
    directory,
    environment: { ...workshop.environment, ...environmentOf(stage) },
    user: workshop.user,
    timeoutMs: RUN_TIMEOUT_MS,
  });
}

/** As Docker does it: a directory's contents become those of the destination, a file goes below `…/`. */
async function copy(workshop: Workshop, directory: string, words: readonly string[]): Promise<void> {
  const stage = words[0]?.startsWith('--from=') === true ? words[0].slice('--from='.length) : undefined;
  const paths = stage === undefined ? words : words.slice(1);
  const destination = paths.at(-1) ?? '';
  const rules = await readFile(join(workshop.context, '.dockerignore'), 'utf8');
  for (const path of paths.slice(0, -1)) {
    if (stage === undefined && isIgnored(rules, path)) throw new Error(`.dockerignore keeps ${path} out`);
    const source = stage === undefined ? join(workshop.context, path) : join(workshop.root, stage, path);
    const isDirectory = (await stat(source)).isDirectory();
    const target = resolve(directory, destination, isDirectory ? '' : basename(path));
    const kept = (candidate: string) =>
      stage !== undefined || !isIgnored(rules, candidate.slice(workshop.context.length + 1));
    await cp(source, target, { recursive: true, verbatimSymlinks: true, filter: kept });
    // What another stage made stays root's, as in the image: the program gets along without writing to it.
    if (stage === undefined) await workshop.user.own(target);
  }
}
