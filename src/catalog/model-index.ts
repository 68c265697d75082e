import { isModelName, prefixOf } from './model-name.js';
import type { Model, Target, TextModel } from './model.js';
import { SANDBOX_PREFIX } from './sandbox-id.js';

interface Pattern {
  readonly prefix: string;
  readonly model: Model;
}

/** The `model` of a target that gets the rest of a passed-through name. */
export const REST_OF_NAME = '*';

/**
 * Finds models by the names that clients use. An exact name wins over a pattern, an id over an alias, the longest
 * pattern over a shorter one. A model that a provider lists is added only where no entry or pattern of the operator's
 * matches its name: prices and the limits of keys are those of the operator's entry.
 */
export class ModelIndex {
  private readonly listed: readonly Model[];
  private readonly byName = new Map<string, Model>();
  private readonly patterns: readonly Pattern[];

  /** @param discovered where several share a name, the first stays */
  constructor(models: Iterable<Model>, discovered: Iterable<Model>) {
    const own = [...models];
    const exact = own.filter(({ id }) => prefixOf(id) === undefined);
    for (const model of exact) this.byName.set(model.id, model);
    for (const model of own)
      for (const alias of model.aliases ?? []) if (prefixOf(alias) === undefined) this.add(alias, model);
    this.patterns = patternsOf(own);
    const added = [...discovered].filter(
      (model) => this.find(model.id) === undefined && this.add(model.id, model),
    );
    this.listed = [...exact, ...added];
  }

  /** The models that can be asked for by their own names, without the patterns. */
  list(): readonly Model[] {
    return this.listed;
  }

  find(name: string): Model | undefined {
    const exact = this.byName.get(name);
    if (exact || name.startsWith(SANDBOX_PREFIX)) return exact;
    for (const { prefix, model } of this.patterns) {
      if (!name.startsWith(prefix)) continue;
      const found = prefixOf(model.id) === undefined ? model : passThrough(model, name, prefix);
      if (found) return found;
    }
    return undefined;
  }

  private add(name: string, model: Model): boolean {
    if (this.byName.has(name)) return false;
    this.byName.set(name, model);
    return true;
  }
}

/** Longest first; ids before aliases of the same length. */
function patternsOf(models: readonly Model[]): readonly Pattern[] {
  const ids = models.map((model) => ({ name: model.id, model }));
  const aliases = models.flatMap((model) => (model.aliases ?? []).map((name) => ({ name, model })));
  return [...ids, ...aliases]
    .flatMap(({ name, model }) => {
      const prefix = prefixOf(name);
      return prefix === undefined ? [] : [{ prefix, model }];
    })
    .sort((a, b) => b.prefix.length - a.prefix.length);
}

/**
 * The model that a pass-through entry stands for under this name; undefined when it does not pass this name through.
 */
function passThrough(entry: Model, name: string, prefix: string): TextModel | undefined {
  const rest = name.slice(prefix.length);
  if (entry.kind !== 'text' || rest === '' || !isModelName(name)) return undefined;
  const { known, ...model } = entry;
  const traits = known?.get(rest);
  if (known && !traits) return undefined;
  return {
    ...model,
    ...traits,
    id: name,
    entryId: entry.id,
    targets: entry.targets.map((target) => withRest(target, rest)),
  };
}

function withRest(target: Target, rest: string): Target {
  return target.upstreamModel === REST_OF_NAME ? { ...target, upstreamModel: rest } : target;
}
