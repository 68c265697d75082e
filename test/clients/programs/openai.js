import OpenAI from 'openai';

const client = new OpenAI();
const model = process.env.MODEL;
const messages = [{ role: 'user', content: 'Weather in Oslo?' }];
const parameters = {
  type: 'object',
  properties: { city: { type: 'string' } },
  required: ['city'],
  additionalProperties: false,
};

let streamed = '';
for await (const chunk of await client.chat.completions.create({ model, messages, stream: true }))
  streamed += chunk.choices[0]?.delta.content ?? '';

const tool = { name: 'weather', parameters, parse: JSON.parse, function: ({ city }) => `21 C in ${city}` };
const tools = [{ type: 'function', function: tool }];
const chatTools = await client.chat.completions
  .runTools({ model, messages, tools, stream: true })
  .finalContent();

const conversation = await client.conversations.create();
const first = await client.responses
  .stream({
    model,
    input: 'Weather in Oslo?',
    conversation: conversation.id,
    tools: [{ type: 'function', name: 'weather', strict: true, parameters }],
  })
  .finalResponse();
const call = first.output.find(({ type }) => type === 'function_call');
const output = { type: 'function_call_output', call_id: call.call_id, output: '21 C in sandbox' };
const second = await client.responses.create({ model, input: [output], previous_response_id: first.id });
let background = await client.responses.create({ model, input: 'Weather in Oslo?', background: true });
while (background.status === 'queued' || background.status === 'in_progress')
  background = await client.responses.retrieve(background.id);

console.log(
  JSON.stringify({ streamed: [streamed, background.output_text], tools: [chatTools, second.output_text] }),
);
