import { createOpenAI } from '@ai-sdk/openai';
import { generateText, isStepCount, streamText, tool } from 'ai';
import { z } from 'zod';

const openai = createOpenAI({ baseURL: process.env.OPENAI_BASE_URL });
const prompt = 'Weather in Oslo?';
const tools = {
  weather: tool({
    inputSchema: z.object({ city: z.string() }),
    execute: ({ city }) => `21 C in ${city}`,
  }),
};

const streamed = [];
const ran = [];
for (const model of [openai.chat(process.env.MODEL), openai.responses(process.env.MODEL)]) {
  streamed.push(await streamText({ model, prompt }).text);
  const settings = { model, prompt, tools, stopWhen: isStepCount(3) };
  ran.push(await streamText(settings).text, (await generateText(settings)).text);
}
console.log(JSON.stringify({ streamed, tools: ran }));
