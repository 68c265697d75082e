import { isDeepStrictEqual } from 'node:util';
import { Injectable } from '@nestjs/common';
import { Subject, type Observable } from 'rxjs';
import { GatewayError } from '../base/errors/gateway-error.js';
import type {
  CatalogSnapshot,
  ResolvedEmbeddingModel,
  ResolvedModel,
  ResolvedVideoModel,
} from './catalog.js';
import { ModelIndex } from './model-index.js';
import type { Model, ProviderSettings } from './model.js';
import { SANDBOX_PREFIX } from './sandbox-id.js';

/** The models that are offered now. Its users do not cache them: a reload replaces them while calls run. */
@Injectable()
export class Catalog {
  private readonly discovered = new Map<ProviderSettings, readonly Model[]>();
  private readonly replaced = new Subject<void>();
  /** Emits when the operator's own part of the catalog was replaced. */
  readonly replacements: Observable<void> = this.replaced;
  private index: ModelIndex;

  constructor(private snapshot: CatalogSnapshot) {
    this.index = this.build();
  }

  /**
   * Finds the text model that a client named, by its id, an alias or a pattern. The text after the first colon of a
   * sandbox id is its options, unchecked.
   * @throws GatewayError model_not_found, unsupported_parameter
   */
  resolveText(publicId: string): ResolvedModel {
    const { model, modelOptions } = this.resolve(publicId);
    if (model.kind !== 'text') throw otherKind(model, 'text');
    return { model, modelOptions };
  }

  /** The same for a model that makes videos. @throws GatewayError model_not_found, unsupported_parameter */
  resolveVideo(publicId: string): ResolvedVideoModel {
    const { model, modelOptions } = this.resolve(publicId);
    if (model.kind !== 'video') throw otherKind(model, 'video');
    return { model, modelOptions };
  }

  /** The same for a model that makes embeddings. @throws GatewayError model_not_found, unsupported_parameter */
  resolveEmbedding(publicId: string): ResolvedEmbeddingModel {
    const { model, modelOptions } = this.resolve(publicId);
    if (model.kind !== 'embedding') throw otherKind(model, 'embedding');
    return { model, modelOptions };
  }

  /** Every model that has a name of its own; models that a pass-through entry stands for are not listed. */
  list(): readonly Model[] {
    return this.index.list();
  }

  /** Finds a model by its id, an alias or a pattern, without options. */
  get(name: string): Model | undefined {
    return this.index.find(name);
  }

  provider(id: string): ProviderSettings | undefined {
    return this.snapshot.providers.get(id);
  }

  get providers(): readonly ProviderSettings[] {
    return [...this.snapshot.providers.values()];
  }

  /**
   * @returns false when the snapshot has not changed; the entries in use and the connections kept for them then stay.
   */
  replace(snapshot: CatalogSnapshot): boolean {
    if (isDeepStrictEqual(snapshot, this.snapshot)) return false;
    this.snapshot = snapshot;
    this.index = this.build();
    this.replaced.next();
    return true;
  }

  /**
   * Offers the models that a provider lists, beside the operator's entries, as long as the provider keeps these
   * settings.
   */
  offer(provider: ProviderSettings, models: readonly Model[]): void {
    this.discovered.set(provider, models);
    this.index = this.build();
  }

  private build(): ModelIndex {
    const { providers, models } = this.snapshot;
    for (const provider of this.discovered.keys())
      if (providers.get(provider.id) !== provider) this.discovered.delete(provider);
    const discovered = [...providers.values()].flatMap((provider) => this.discovered.get(provider) ?? []);
    return new ModelIndex(models.values(), discovered);
  }

  private resolve(publicId: string): ResolvedModel<Model> {
    const colon = publicId.startsWith(SANDBOX_PREFIX) ? publicId.indexOf(':') : -1;
    const model = this.get(colon < 0 ? publicId : publicId.slice(0, colon));
    if (model === undefined) throw modelNotFound(publicId);
    return { model, modelOptions: colon < 0 ? '' : publicId.slice(colon + 1) };
  }
}

const LONGEST_SHOWN_ID = 128;

function modelNotFound(publicId: string): GatewayError {
  const shown = publicId.length > LONGEST_SHOWN_ID ? `${publicId.slice(0, LONGEST_SHOWN_ID)}…` : publicId;
  return new GatewayError(
    'model_not_found',
    `There is no model "${shown}". GET /models lists the models that your key may use.`,
    { param: 'model' },
  );
}

const MAKES: Readonly<Record<Model['kind'], string>> = {
  text: 'text, at /chat/completions and /responses',
  video: 'videos, at /videos/generations',
  embedding: 'embeddings, at /embeddings',
};

/** Between texts and videos, the model is not found; between embeddings and others, it is the wrong parameter. */
function otherKind({ id, kind }: Model, wanted: Model['kind']): GatewayError {
  const code = [kind, wanted].includes('embedding') ? 'unsupported_parameter' : 'model_not_found';
  return new GatewayError(code, `The model "${id}" makes ${MAKES[kind]}.`, { param: 'model' });
}
