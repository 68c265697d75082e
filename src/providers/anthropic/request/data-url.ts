/** The contents of a `data:` URL. */
export interface DataUrl {
  /** In lower case, without parameters; `text/plain` where it is not stated. */
  readonly mediaType: string;
  readonly base64: string;
}

const DATA_URL = /^data:([^,;]*)((?:;[^,;]*)*),/i;

/** Undefined for text that is no `data:` URL. Linear in its length, and a base64 URL is not decoded. */
export function parseDataUrl(url: string): DataUrl | undefined {
  const [head, type = '', parameters = ''] = DATA_URL.exec(url) ?? [];
  if (head === undefined) return undefined;
  const mediaType = type.trim().toLowerCase() || 'text/plain';
  const data = url.slice(head.length);
  if (/;\s*base64\s*$/i.test(parameters)) return { mediaType, base64: data };
  return { mediaType, base64: Buffer.from(percentDecoded(data)).toString('base64') };
}

function percentDecoded(data: string): string {
  try {
    return decodeURIComponent(data);
  } catch {
    return data;
  }
}
