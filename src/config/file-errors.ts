/** The `code` of a failed file operation, such as `ENOENT`; undefined for any other failure. */
export function errorCode(error: unknown): string | undefined {
  return textOf(error, 'code');
}

export function errorMessage(error: unknown): string {
  return textOf(error, 'message') ?? 'unknown reason';
}

function textOf(error: unknown, field: 'code' | 'message'): string | undefined {
  if (typeof error !== 'object' || error === null) return undefined;
  const value: unknown = Reflect.get(error, field);
  return typeof value === 'string' ? value : undefined;
}
