import { HumanMessage } from '@langchain/core/messages';
import { tool } from '@langchain/core/tools';
import { ChatOpenAI } from '@langchain/openai';
import { z } from 'zod';

const question = new HumanMessage('Weather in Oslo?');
const weather = tool(({ city }) => `21 C in ${city}`, {
  name: 'weather',
  description: 'The weather in a city.',
  schema: z.object({ city: z.string() }),
});

async function gathered(model, messages) {
  let whole;
  for await (const chunk of await model.stream(messages)) whole = whole?.concat(chunk) ?? chunk;
  return whole;
}

const streamed = [];
const tools = [];
for (const useResponsesApi of [false, true]) {
  const chat = new ChatOpenAI({ model: process.env.MODEL, useResponsesApi, maxRetries: 0 });
  streamed.push((await gathered(chat, [question])).text);
  const model = chat.bindTools([weather]);
  const asked = await gathered(model, [question]);
  const answered = await weather.invoke(asked.tool_calls[0]);
  tools.push((await gathered(model, [question, asked, answered])).text);
}
console.log(JSON.stringify({ streamed, tools }));
