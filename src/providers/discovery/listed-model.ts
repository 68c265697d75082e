/** What an upstream's list says of one model, as far as it is of use here. */
export interface ListedModel {
  /** Its name at the upstream. */
  readonly name: string;
  readonly contextWindow?: number;
  readonly maxOutputTokens?: number;
  /** Epoch seconds. */
  readonly created?: number;
}
