/** Where PostgreSQL is, as one URL says it. */
export interface DatabaseServers {
  /** A URL for each server, in the order in which they are tried. */
  readonly urls: readonly string[];
  /** Whether a server is asked before it is used: there are others, or the URL has `target_session_attrs`. */
  readonly areAsked: boolean;
}

const MOST_SERVERS = 16;
const PARTS = /^(?<start>postgres(?:ql)?:\/\/(?:[^/?#]*@)?)(?<hosts>[^/?#@]*)(?<end>(?:[/?#].*)?)$/is;
/** Values of `target_session_attrs` under which a server that takes writes may be chosen. */
const WRITABLE = ['any', 'read-write', 'primary'];

/**
 * Reads the URL of a database as libpq does: several hosts with their ports in the place of one, or lists in the
 * parameters `host` and `port`. Undefined when it is none, and when it asks for servers that take no writes.
 */
export function databaseServersOf(text: string): DatabaseServers | undefined {
  const { start, hosts = '', end = '' } = PARTS.exec(text)?.groups ?? {};
  if (start === undefined) return URL.canParse(text) && isPostgres(new URL(text)) ? alone(text) : undefined;
  const first = `${start}${hosts.split(',')[0] ?? ''}${end}`;
  if (!URL.canParse(first)) return undefined;
  const { searchParams } = new URL(first);
  const wanted = searchParams.get('target_session_attrs');
  if (wanted !== null && !WRITABLE.includes(wanted)) return undefined;
  const named = searchParams.get('host')?.split(',') ?? [];
  const urls =
    named.length > 1
      ? byParameters(first, named, searchParams.get('port')?.split(',') ?? [])
      : hosts.split(',').map((host) => (hosts.includes(',') && host === '' ? '' : `${start}${host}${end}`));
  if (urls === undefined || urls.length > MOST_SERVERS || !urls.every((url) => URL.canParse(url)))
    return undefined;
  return { urls, areAsked: urls.length > 1 || (wanted !== null && wanted !== 'any') };
}

function alone(url: string): DatabaseServers {
  return { urls: [url], areAsked: false };
}

function isPostgres({ protocol }: URL): boolean {
  return protocol === 'postgres:' || protocol === 'postgresql:';
}

/** @returns undefined unless there is one port for all, or one for each */
function byParameters(
  url: string,
  hosts: readonly string[],
  ports: readonly string[],
): readonly string[] | undefined {
  if (hosts.includes('') || (ports.length > 1 && ports.length !== hosts.length)) return undefined;
  return hosts.map((host, index) => {
    const server = new URL(url);
    server.searchParams.set('host', host);
    const port = ports[index] ?? ports[0];
    if (port !== undefined) server.searchParams.set('port', port);
    return server.href;
  });
}
