/** Where a start tells what an operator should know. */
export interface StartLog {
  info(message: string): void;
  warn(message: string): void;
}
