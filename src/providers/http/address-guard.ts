import { BlockList, isIP } from 'node:net';

/** IANA's special-purpose addresses that are not globally reachable, multicast, and addresses that clouds reserve. */
const NOT_PUBLIC_IPV4 = [
  '0.0.0.0/8',
  '10.0.0.0/8',
  '100.64.0.0/10',
  '127.0.0.0/8',
  '168.63.129.16/32', // Azure's platform, reachable from its machines only
  '169.254.0.0/16',
  '172.16.0.0/12',
  '192.0.0.0/24',
  '192.0.2.0/24',
  '192.88.99.0/24',
  '192.168.0.0/16',
  '198.18.0.0/15',
  '198.51.100.0/24',
  '203.0.113.0/24',
  '224.0.0.0/4',
  '240.0.0.0/4',
] as const;

/** All of IPv6 that is allocated to networks; loopback, mapped, NAT64, unique local and so on lie outside. */
const PUBLIC_IPV6 = ['2000::/3'] as const;

/** Within it: protocols such as Teredo, examples, and 6to4, which carries an IPv4 address. */
const NOT_PUBLIC_IPV6 = ['2001::/23', '2001:db8::/32', '2002::/16', '3fff::/20'] as const;

/** Decides which addresses may be connected to on behalf of a client: public ones, and those of the given networks. */
export class AddressGuard {
  private readonly allowed: BlockList;
  private readonly publicIpv6 = listOf(PUBLIC_IPV6);
  private readonly notPublic = listOf([...NOT_PUBLIC_IPV4, ...NOT_PUBLIC_IPV6]);

  /** @param allow networks in CIDR notation. */
  constructor(allow: readonly string[]) {
    this.allowed = listOf(allow);
  }

  /** Also false for text that is not an address. */
  permits(address: string): boolean {
    const family = isIP(address);
    if (family === 0 || address.includes('%')) return false;
    const type = family === 4 ? 'ipv4' : 'ipv6';
    if (this.allowed.check(address, type)) return true;
    if (this.notPublic.check(address, type)) return false;
    return type === 'ipv4' || this.publicIpv6.check(address, type);
  }
}

function listOf(networks: readonly string[]): BlockList {
  const list = new BlockList();
  for (const network of networks) {
    const [address = '', prefix = ''] = network.split('/');
    list.addSubnet(address, Number(prefix), isIP(address) === 4 ? 'ipv4' : 'ipv6');
  }
  return list;
}
