import type { EmbeddingModel, Model, ProviderSettings, TextModel, VideoModel } from './model.js';

/** A model as a client named it: the entry, and the options after the colon of a sandbox id. */
export interface ResolvedModel<Entry extends Model = TextModel> {
  readonly model: Entry;
  readonly modelOptions: string;
}

export type ResolvedVideoModel = ResolvedModel<VideoModel>;
export type ResolvedEmbeddingModel = ResolvedModel<EmbeddingModel>;

/**
 * The models that are offered now. A reload replaces the whole snapshot; a running call keeps the entries that it
 * began with.
 */
export interface CatalogSnapshot {
  readonly providers: ReadonlyMap<string, ProviderSettings>;
  readonly models: ReadonlyMap<string, Model>;
}
