import { Agent, OpenAIProvider, Runner, tool } from '@openai/agents';
import OpenAI from 'openai';
import { z } from 'zod';

const model = process.env.MODEL;
const weather = tool({
  name: 'weather',
  description: 'The weather in a city.',
  parameters: z.object({ city: z.string() }),
  execute: ({ city }) => `21 C in ${city}`,
});

const streamed = [];
const ran = [];
for (const useResponses of [false, true]) {
  const modelProvider = new OpenAIProvider({ openAIClient: new OpenAI(), useResponses });
  const runner = new Runner({ modelProvider, tracingDisabled: true });
  const stream = await runner.run(new Agent({ name: 'Plain', model }), 'Weather in Oslo?', { stream: true });
  await stream.completed;
  streamed.push(stream.finalOutput);
  const desk = new Agent({ name: 'Desk', model, tools: [weather] });
  const run = await runner.run(desk, 'Weather in Oslo?', { stream: true });
  await run.completed;
  ran.push(run.finalOutput, (await runner.run(desk, 'Weather in Oslo?')).finalOutput);
}
console.log(JSON.stringify({ streamed, tools: ran }));
