import assert from 'node:assert/strict';

interface ShellCall {
  readonly added: { readonly type: string };
  /** As far as the events have told them. */
  readonly commands: string[];
}

/** Follows the events of the commands of one call of a shell. @throws AssertionError */
export function shellCommand(
  { added, commands }: ShellCall,
  type: string,
  event: Readonly<Record<string, unknown>>,
): void {
  assert.equal(added.type, 'shell_call');
  const index = event.command_index as number;
  if (type.endsWith('.added')) {
    assert.equal(index, commands.length, 'commands are added in order');
    assert.equal(event.command, '');
    commands.push('');
  } else if (type.endsWith('.delta')) commands[index] = (commands[index] ?? '') + (event.delta as string);
  else assert.equal(event.command, commands[index], 'the deltas add up');
}
