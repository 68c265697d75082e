/** The facts from an upstream's list about one model that are of use here. */
export interface ListedModel {
  /** Its name at the upstream. */
  readonly name: string;
  /** It makes embeddings, and does not chat. */
  readonly makesEmbeddings?: true;
  readonly contextWindow?: number;
  readonly maxOutputTokens?: number;
  /** Epoch seconds. */
  readonly created?: number;
}
