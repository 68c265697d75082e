import { parseArgs, type ParseArgsConfig } from 'node:util';
import { UsageError } from './command.js';

type Options = NonNullable<ParseArgsConfig['options']>;

interface Words {
  readonly positionals: readonly string[];
  /** Given options. */
  readonly values: Readonly<Record<string, unknown>>;
}

/** Reads the words after a command's name. @throws UsageError for an unknown option, or a wrong number of words */
export function readWords(words: readonly string[], options: Options, positionals = 0): Words {
  const parsed = parsedBy({ args: [...words], options, allowPositionals: true });
  if (parsed.positionals.length < positionals) throw new UsageError('Something is missing.');
  const [extra] = parsed.positionals.slice(positionals);
  if (extra !== undefined) throw new UsageError(`\`${extra}\` is one word too many.`);
  return parsed;
}

function parsedBy(config: ParseArgsConfig): Words {
  try {
    return parseArgs(config);
  } catch (failure) {
    throw new UsageError(failure instanceof Error ? failure.message : String(failure));
  }
}
