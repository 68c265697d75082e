/** Takes what an operator should know about a start. */
export interface StartLog {
  info(message: string): void;
  warn(message: string): void;
}
