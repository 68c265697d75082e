// An MCP server over standard input and output with one tool: just what a client needs to find and call it.
import { createInterface } from 'node:readline';

const lookup = {
  name: 'lookup',
  description: 'Looks a value up by its key.',
  inputSchema: { type: 'object', properties: { key: { type: 'string' } }, required: ['key'] },
};

function answer({ method, params }) {
  if (method === 'initialize') {
    const serverInfo = { name: 'tiny', version: '1.0.0' };
    return { protocolVersion: params.protocolVersion, capabilities: { tools: {} }, serverInfo };
  }
  if (method === 'tools/list') return { tools: [lookup] };
  if (method === 'tools/call')
    return { content: [{ type: 'text', text: `the value of ${params.arguments.key}` }] };
  return {};
}

createInterface({ input: process.stdin }).on('line', (line) => {
  const message = JSON.parse(line);
  if (message.id === undefined) return;
  process.stdout.write(`${JSON.stringify({ jsonrpc: '2.0', id: message.id, result: answer(message) })}\n`);
});
