import { isJsonObject, type JsonObject } from '../../base/json.js';
import type { CallBuilder } from './call-builders.js';
import { CLIENT_TOOLS, clientToolCalledBy, type ClientToolType } from './client-tools.js';
import type { Emit, ItemPlace } from './emit.js';
import type { ClientCallItem, ItemStatus } from './item.js';

/** A call of a client-run tool, which the model made as a function: its fields are known when its JSON is complete. */
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

/** The call before its first argument. */
export function emptyCall(item: ClientCallItem): ClientCallItem {
  const tool = clientToolCalledBy({ ...item });
  // An item of a hosted tool is shown as it came.
  return tool ? { ...item, ...CLIENT_TOOLS[tool].fields({}), status: 'in_progress' } : item;
}

/** The published API has events for only one part of such a call: the commands of a shell. */
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

/** Empty for arguments that are cut off or are no JSON: half of a command must not be run. */
function parsed(text: string): JsonObject {
  try {
    const value: unknown = JSON.parse(text);
    return isJsonObject(value) ? value : {};
  } catch {
    return {};
  }
}
