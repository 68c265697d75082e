/** One unnamed frame. `json` is JSON text, which never holds a raw line break. */
export function dataFrame(json: string): string {
  return `data: ${json}\n\n`;
}

/** One named frame. `json` is JSON text, which never holds a raw line break. */
export function namedFrame(event: string, json: string): string {
  return `event: ${event}\ndata: ${json}\n\n`;
}
