import { isJsonObject, type JsonObject } from '../../base/json.js';
import type { CallBuilder } from './call-builders.js';
import { CLIENT_TOOLS, clientToolCalledBy, type ClientToolType } from './client-tools.js';
import type { Emit, ItemPlace } from './emit.js';
import type { ClientCallItem, ItemStatus } from './item.js';

/** A call of a client-run tool, which the model made as a function: what it asks for is known when its JSON is complete. */
export class ClientCallBuilder implements CallBuilder {
  private said = '';

  constructor(
    private readonly place: ItemPlace,
    private readonly callId: string,
    private readonly tool: ClientToolType,
    private readonly emit: Emit,
  ) {}

  add(piece: string): void {
    this.said += piece;
  }

  now(status: ItemStatus): ClientCallItem {
    return this.item({}, status);
  }

  close(status: ItemStatus): ClientCallItem {
    const item = this.item(parsed(this.said), status);
    emitShellCommands(item, this.place.output_index, this.emit);
    return item;
  }

  private item(said: JsonObject, status: ItemStatus): ClientCallItem {
    const { item: type, fields } = CLIENT_TOOLS[this.tool];
    return { type, id: this.place.item_id, call_id: this.callId, ...fields(said), status };
  }
}

/** The call before anything was said. */
export function emptyCall(item: ClientCallItem): ClientCallItem {
  const tool = clientToolCalledBy({ ...item });
  // A hosted tool's item, kept as it came, is shown as it is.
  return tool ? { ...item, ...CLIENT_TOOLS[tool].fields({}), status: 'in_progress' } : item;
}

/** Commands of a shell are the only part of such a call that the published API has events for. */
export function emitShellCommands({ type, action }: ClientCallItem, output_index: number, emit: Emit): void {
  if (type !== 'shell_call') return;
  const commands = (action?.['commands'] ?? []) as readonly string[];
  commands.forEach((command, command_index) => {
    const place = { output_index, command_index };
    emit({ type: 'response.shell_call_command.added', ...place, command: '' });
    if (command !== '') emit({ type: 'response.shell_call_command.delta', ...place, delta: command });
    emit({ type: 'response.shell_call_command.done', ...place, command });
  });
}

/** Nothing for what is cut off, or is no JSON: half of a command must not be run. */
function parsed(text: string): JsonObject {
  try {
    const value: unknown = JSON.parse(text);
    return isJsonObject(value) ? value : {};
  } catch {
    return {};
  }
}
