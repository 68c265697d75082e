/**
 * Limit of an upstream's whole answer: 2,048 embeddings of 3,072 numbers, the most that OpenAI makes at once, are some
 * 80 MB where each number is written in full.
 */
export const MAX_EMBEDDINGS_BYTES = 128 * 1024 * 1024;
