export interface Instruction {
  readonly keyword: string;
  /** The rest of the line, with continued lines joined. */
  readonly value: string;
}

export interface Stage {
  readonly name: string;
  readonly base: string;
  readonly instructions: readonly Instruction[];
}

/** Reads the part of the Dockerfile language that this project uses: no build arguments, no here-documents. */
export function parseDockerfile(text: string): readonly Stage[] {
  const stages: (Stage & { instructions: Instruction[] })[] = [];
  for (const instruction of readInstructions(text)) {
    const current = stages.at(-1);
    if (instruction.keyword === 'FROM') {
      const [, base = '', name = ''] = /^(\S+) AS (\S+)$/.exec(instruction.value) ?? [];
      if (name === '') throw new Error(`a stage without a name: FROM ${instruction.value}`);
      stages.push({ name, base, instructions: [] });
    } else if (current === undefined) throw new Error(`${instruction.keyword} before the first FROM`);
    else current.instructions.push(instruction);
  }
  return stages;
}

function readInstructions(text: string): readonly Instruction[] {
  return text
    .split('\n')
    .filter((line) => !line.trimStart().startsWith('#'))
    .join('\n')
    .replace(/\\\n\s*/g, '')
    .split('\n')
    .filter((line) => line.trim() !== '')
    .map((line) => {
      const [, keyword = '', value = ''] = /^([A-Z]+)\s+(.*)$/.exec(line) ?? [];
      if (keyword === '') throw new Error(`not an instruction: ${line}`);
      return { keyword, value: value.trim() };
    });
}

/** The values of all instructions of one kind. */
export function valuesOf(stage: Stage, keyword: string): readonly string[] {
  return stage.instructions.filter((one) => one.keyword === keyword).map(({ value }) => value);
}

/** The JSON array of an exec-form command, such as that of CMD or behind HEALTHCHECK's options. */
export function execForm(value: string): readonly string[] {
  const parsed: unknown = JSON.parse(value.slice(value.indexOf('[')));
  if (!Array.isArray(parsed)) throw new Error(`not in exec form: ${value}`);
  return parsed.map(String);
}

export function environmentOf(stage: Stage): Readonly<Record<string, string>> {
  return Object.fromEntries(
    valuesOf(stage, 'ENV').flatMap((value) =>
      value.split(/\s+/).map((pair) => {
        const cut = pair.indexOf('=');
        return [pair.slice(0, cut), pair.slice(cut + 1)] as const;
      }),
    ),
  );
}
