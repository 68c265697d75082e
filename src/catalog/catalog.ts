import type { Model, ProviderSettings, TextModel } from './model.js';

/** A text model as a client named it: the entry, and the options after the colon of a sandbox id. */
export interface ResolvedModel {
  readonly model: TextModel;
  readonly modelOptions: string;
}

/** What is offered now. A reload replaces the whole snapshot; a running call keeps the entries that it began with. */
export interface CatalogSnapshot {
  readonly providers: ReadonlyMap<string, ProviderSettings>;
  readonly models: ReadonlyMap<string, Model>;
}
