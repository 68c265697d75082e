import { BlockList, isIP } from 'node:net';
import { isNetwork, listEntries } from './rules.js';

/** The proxies from the environment variables that curl and most other programs read. */
export interface Proxies {
  /** For `http:` addresses, as a URL. */
  readonly http: string | undefined;
  /** For `https:` addresses, as a URL. */
  readonly https: string | undefined;
  /** Hosts to reach directly; see `bypasses`. */
  readonly bypass: readonly string[];
}

export const NO_PROXIES: Proxies = { http: undefined, https: undefined, bypass: [] };

/** The lower-case name wins, as with curl. Values are not checked here: `readEnvironment` has checked them. */
export function readProxies(environment: NodeJS.ProcessEnv): Proxies {
  const valueOf = (name: string): string | undefined =>
    (environment[name.toLowerCase()] ?? '').trim() || (environment[name] ?? '').trim() || undefined;
  return {
    http: proxyUrl(valueOf('HTTP_PROXY')),
    https: proxyUrl(valueOf('HTTPS_PROXY')),
    bypass: listEntries(valueOf('NO_PROXY')?.replaceAll(/\s+/g, ',')),
  };
}

/** The proxy on the way to an address; undefined for none. No proxy can reach services on this machine. */
export function proxyFor(baseUrl: string, proxies: Proxies): string | undefined {
  const url = new URL(baseUrl);
  const proxy = url.protocol === 'https:' ? proxies.https : proxies.http;
  return proxy === undefined || isLoopback(url) || proxies.bypass.some((entry) => bypasses(entry, url))
    ? undefined
    : proxy;
}

/** By its name (RFC 6761) or its address; a URL has only one form of each. */
function isLoopback(url: URL): boolean {
  const host = withoutBrackets(url.hostname).replace(/\.$/, '');
  if (host === 'localhost' || host.endsWith('.localhost')) return true;
  return contains('127.0.0.0/8', host) || contains('::1/128', host) || contains('::ffff:127.0.0.0/104', host);
}

/** An http(s) URL, perhaps with a user and a password; the scheme may be missing. */
export function isProxyUrl(text: string): boolean {
  const url = withScheme(text);
  if (!URL.canParse(url)) return false;
  const { protocol, username, password, pathname, search, hash } = new URL(url);
  return (
    ['http:', 'https:'].includes(protocol) &&
    pathname === '/' &&
    search + hash === '' &&
    isEncoded(username + password)
  );
}

function isEncoded(text: string): boolean {
  try {
    decodeURIComponent(text);
    return true;
  } catch {
    return false;
  }
}

/** The URL in the form of provider settings. */
export function proxyUrl(text: string | undefined): string | undefined {
  return text !== undefined && isProxyUrl(text) ? new URL(withScheme(text)).href : undefined;
}

function withScheme(text: string): string {
  return /^[a-z][a-z0-9+.-]*:\/\//i.test(text) ? text : `http://${text}`;
}

/**
 * An entry is `*`; a host, with or without a dot or `*.` in front, which also covers its subdomains; an address; or a
 * network in CIDR notation. A port at the end limits the entry to that port.
 */
function bypasses(entry: string, url: URL): boolean {
  if (entry === '*') return true;
  const host = withoutBrackets(url.hostname);
  if (isNetwork(entry)) return contains(entry, host);
  const port = url.port || (url.protocol === 'https:' ? '443' : '80');
  const [, name = '', onlyPort] = isIP(entry) ? [entry, entry] : (/^(.*?)(?::(\d+))?$/.exec(entry) ?? []);
  if (onlyPort !== undefined && onlyPort !== port) return false;
  const meant = withoutBrackets(name.toLowerCase()).replace(/^\*?\./, '');
  return meant !== '' && (host === meant || (isIP(meant) === 0 && host.endsWith(`.${meant}`)));
}

function contains(network: string, host: string): boolean {
  const family = isIP(host);
  const [address = '', prefix] = network.split('/');
  if (family === 0 || isIP(address) !== family) return false;
  const type = family === 4 ? 'ipv4' : 'ipv6';
  const list = new BlockList();
  list.addSubnet(address, Number(prefix), type);
  return list.check(host, type);
}

function withoutBrackets(host: string): string {
  return host.replace(/^\[(.*)\]$/, '$1');
}
