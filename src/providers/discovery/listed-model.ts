/** The facts from an upstream's list about one model that are of use here. */
export interface ListedModel {
  /** Its name at the upstream. */
  readonly name: string;
  readonly contextWindow?: number;
  readonly maxOutputTokens?: number;
  /** Epoch seconds. */
  readonly created?: number;
}
