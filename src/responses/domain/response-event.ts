import type { JsonObject, JsonValue } from '../../base/json.js';
import type { MessagePart, OutputItem, ReasoningPart, SummaryPart } from './item.js';
import type { SearchStage } from '../../text/text-event.js';
import type { ResponseObject } from './response.js';

interface OfItem {
  readonly item_id: string;
  readonly output_index: number;
}
interface OfPart extends OfItem {
  readonly content_index: number;
}
interface OfSummary extends OfItem {
  readonly summary_index: number;
}
/** The published events of commands do not name their item. */
interface OfCommand {
  readonly output_index: number;
  readonly command_index: number;
}

/** Every event that a stream of ours can have, without its sequence number. The field names are those of the wire. */
export type ResponseEventBody =
  | {
      readonly type: 'response.created' | 'response.queued' | 'response.in_progress';
      readonly response: ResponseObject;
    }
  | { readonly type: 'response.output_item.added'; readonly output_index: number; readonly item: OutputItem }
  | { readonly type: 'response.output_item.done'; readonly output_index: number; readonly item: OutputItem }
  | ({ readonly type: 'response.content_part.added'; readonly part: MessagePart } & OfPart)
  | ({ readonly type: 'response.content_part.done'; readonly part: MessagePart } & OfPart)
  | ({
      readonly type: 'response.output_text.delta';
      readonly delta: string;
      readonly logprobs: readonly JsonValue[];
    } & OfPart)
  | ({
      readonly type: 'response.output_text.done';
      readonly text: string;
      readonly logprobs: readonly JsonValue[];
    } & OfPart)
  | ({
      readonly type: 'response.output_text.annotation.added';
      readonly annotation_index: number;
      readonly annotation: JsonObject;
    } & OfPart)
  | ({ readonly type: 'response.refusal.delta'; readonly delta: string } & OfPart)
  | ({ readonly type: 'response.refusal.done'; readonly refusal: string } & OfPart)
  | ({ readonly type: 'response.function_call_arguments.delta'; readonly delta: string } & OfItem)
  | ({
      readonly type: 'response.function_call_arguments.done';
      readonly name: string;
      readonly arguments: string;
    } & OfItem)
  | ({ readonly type: 'response.custom_tool_call_input.delta'; readonly delta: string } & OfItem)
  | ({ readonly type: 'response.custom_tool_call_input.done'; readonly input: string } & OfItem)
  | ({
      readonly type: 'response.shell_call_command.added' | 'response.shell_call_command.done';
      readonly command: string;
    } & OfCommand)
  | ({ readonly type: 'response.shell_call_command.delta'; readonly delta: string } & OfCommand)
  | ({ readonly type: SearchStage } & OfItem)
  | ({ readonly type: 'response.reasoning_summary_part.added'; readonly part: SummaryPart } & OfSummary)
  | ({ readonly type: 'response.reasoning_summary_part.done'; readonly part: SummaryPart } & OfSummary)
  | ({ readonly type: 'response.reasoning_summary_text.delta'; readonly delta: string } & OfSummary)
  | ({ readonly type: 'response.reasoning_summary_text.done'; readonly text: string } & OfSummary)
  | ({ readonly type: 'response.content_part.added'; readonly part: ReasoningPart } & OfPart)
  | ({ readonly type: 'response.content_part.done'; readonly part: ReasoningPart } & OfPart)
  | ({ readonly type: 'response.reasoning_text.delta'; readonly delta: string } & OfPart)
  | ({ readonly type: 'response.reasoning_text.done'; readonly text: string } & OfPart)
  /** Nested for SDKs that read `error`, flat for those that read the published event. */
  | {
      readonly type: 'error';
      readonly error: {
        readonly type: string;
        readonly code: string;
        readonly message: string;
        readonly param: string | null;
      };
      readonly code: string;
      readonly message: string;
      readonly param: string | null;
    }
  | TerminalEventBody;

/** The last event of its stream; there is exactly one. A cancelled run ends with `response.incomplete`. */
export interface TerminalEventBody {
  readonly type: 'response.completed' | 'response.incomplete' | 'response.failed';
  readonly response: ResponseObject;
}

/** Numbers start at 0 and rise by exactly 1 over all events of a response. */
export type ResponseEvent = ResponseEventBody & { readonly sequence_number: number };
