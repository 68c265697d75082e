import { createAnthropic } from '@ai-sdk/anthropic';
import Anthropic from '@anthropic-ai/sdk';
import { betaTool } from '@anthropic-ai/sdk/helpers/beta/json-schema';
import { ChatAnthropic } from '@langchain/anthropic';
import { HumanMessage } from '@langchain/core/messages';
import { tool as langchainTool } from '@langchain/core/tools';
import { generateText, isStepCount, streamText, tool } from 'ai';
import { z } from 'zod';

const { MODEL: model, OPENAI_API_KEY: apiKey, OPENAI_BASE_URL: address } = process.env;
const baseURL = address.replace(/\/v1$/, '');
const prompt = 'Weather in Oslo?';
const description = 'The weather in a city.';
const schema = z.object({ city: z.string() });
const execute = ({ city }) => `21 C in ${city}`;
const streamed = [];
const tools = [];

const client = new Anthropic({ apiKey, baseURL, maxRetries: 0 });
const asked = { model, max_tokens: 1000, messages: [{ role: 'user', content: prompt }] };
streamed.push(textOf(await client.messages.stream(asked).finalMessage()));
const inputSchema = { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] };
const weather = betaTool({ name: 'weather', description, inputSchema, run: execute });
for (const stream of [false, true]) {
  const runner = client.beta.messages.toolRunner({ ...asked, tools: [weather], stream });
  tools.push(textOf(await runner.runUntilDone()));
}

const vercel = createAnthropic({ apiKey, baseURL: address })(model);
streamed.push(await streamText({ model: vercel, prompt }).text);
const settings = {
  model: vercel,
  prompt,
  tools: { weather: tool({ description, inputSchema: schema, execute }) },
  stopWhen: isStepCount(3),
};
tools.push(await streamText(settings).text, (await generateText(settings)).text);

const chat = new ChatAnthropic({ model, apiKey, anthropicApiUrl: baseURL, maxRetries: 0 });
const question = new HumanMessage(prompt);
streamed.push((await gathered(chat, [question])).text);
const called = langchainTool(execute, { name: 'weather', description, schema });
const bound = chat.bindTools([called]);
const first = await gathered(bound, [question]);
tools.push((await gathered(bound, [question, first, await called.invoke(first.tool_calls[0])])).text);

console.log(JSON.stringify({ streamed, tools }));

function textOf({ content }) {
  return content.flatMap((block) => (block.type === 'text' ? block.text : [])).join('');
}

async function gathered(asks, messages) {
  let whole;
  for await (const chunk of await asks.stream(messages)) whole = whole?.concat(chunk) ?? chunk;
  return whole;
}
