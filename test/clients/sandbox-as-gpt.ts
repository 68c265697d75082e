/**
 * A gateway file that serves the sandbox's assistant under a name by which clients know what a model can do: they ask
 * for reasoning only where they know of it.
 */
export const SANDBOX_AS_GPT = {
  models: [
    {
      id: 'gpt-5.5',
      targets: [{ provider: 'sandbox', model: 'assistant' }],
      context_window: 200_000,
      max_output_tokens: 4_000,
      pricing: { input: 1, output: 2 },
    },
  ],
};

/** The same for clients of Anthropic's API, which ask every model to think; it goes up to those that list efforts. */
export const SANDBOX_THAT_THINKS = {
  models: SANDBOX_AS_GPT.models.map((model) => ({ ...model, reasoning_efforts: ['low', 'medium', 'high'] })),
};
