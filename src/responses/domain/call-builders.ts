import type { Emit, ItemPlace } from './emit.js';
import type { CustomToolCallItem, FunctionCallItem, ItemStatus, OutputItem } from './item.js';
import { unwrapInput } from '../../text/unwrap-input.js';

export interface CallHead {
  readonly call_id: string;
  readonly name: string;
  readonly namespace?: string;
}

/** A tool call while it grows. */
export interface CallBuilder {
  add(piece: string): void;
  now(status: ItemStatus): OutputItem;
  close(status: ItemStatus): OutputItem;
}

export class FunctionCallBuilder implements CallBuilder {
  private text = '';

  constructor(
    private readonly place: ItemPlace,
    private readonly head: CallHead,
    private readonly emit: Emit,
  ) {}

  add(piece: string): void {
    this.text += piece;
    this.emit({ type: 'response.function_call_arguments.delta', ...this.place, delta: piece });
  }

  now(status: ItemStatus): FunctionCallItem {
    const { call_id, name, namespace } = this.head;
    return {
      type: 'function_call',
      id: this.place.item_id,
      call_id,
      name,
      arguments: this.text,
      status,
      ...(namespace !== undefined && { namespace }),
    };
  }

  close(status: ItemStatus): FunctionCallItem {
    const { name } = this.head;
    this.emit({ type: 'response.function_call_arguments.done', ...this.place, name, arguments: this.text });
    return this.now(status);
  }
}

export class CustomCallBuilder implements CallBuilder {
  private input = '';

  constructor(
    private readonly place: ItemPlace,
    private readonly head: CallHead,
    private readonly emit: Emit,
  ) {}

  add(piece: string): void {
    this.input += piece;
    this.emit({ type: 'response.custom_tool_call_input.delta', ...this.place, delta: piece });
  }

  now(status: ItemStatus): CustomToolCallItem {
    const { call_id, name, namespace } = this.head;
    return {
      type: 'custom_tool_call',
      id: this.place.item_id,
      call_id,
      name,
      input: this.input,
      status,
      ...(namespace !== undefined && { namespace }),
    };
  }

  close(status: ItemStatus): CustomToolCallItem {
    this.emit({ type: 'response.custom_tool_call_input.done', ...this.place, input: this.input });
    return this.now(status);
  }
}

/** A custom call that the model made as a function: its input is inside JSON, known when the JSON is complete. */
export class WrappedCustomCallBuilder implements CallBuilder {
  private wrapped = '';

  constructor(private readonly call: CustomCallBuilder) {}

  add(piece: string): void {
    this.wrapped += piece;
  }

  now(status: ItemStatus): CustomToolCallItem {
    return this.call.now(status);
  }

  close(status: ItemStatus): CustomToolCallItem {
    const input = unwrapInput(this.wrapped);
    if (input !== '') this.call.add(input);
    return this.call.close(status);
  }
}
