import { BlockList, isIP } from 'node:net'

/**
 * The client's address: the rightmost in `X-Forwarded-For` that is no trusted proxy, and only where the
 * connection itself comes from one.
 * @param trusted addresses and CIDR ranges
 */
export function clientAddress(
  trusted: readonly string[],
): (socket: string | undefined, forwarded?: string) => string | null {
  const proxies = new BlockList()
  for (const entry of trusted) {
    const [address = '', prefix] = entry.split('/')
    const family = isIP(address) === 6 ? 'ipv6' : 'ipv4'
    proxies.addSubnet(address, Number(prefix ?? (family === 'ipv6' ? 128 : 32)), family)
  }
  const known = (address: string) => proxies.check(address, isIP(address) === 6 ? 'ipv6' : 'ipv4')
  return (socket, forwarded) => {
    const peer = plain(socket ?? '')
    if (!peer || !forwarded || trusted.length === 0 || !known(peer)) return peer
    const hops = forwarded.split(',').map((hop) => plain(hop.trim()))
    for (const hop of hops.reverse()) {
      if (!hop) return peer
      if (!known(hop)) return hop
    }
    return peer
  }
}

/** IPv4 written as IPv6 becomes IPv4; what is no address, null. */
function plain(address: string): string | null {
  const bare = address.startsWith('::ffff:') && isIP(address.slice(7)) === 4 ? address.slice(7) : address
  return isIP(bare) ? bare : null
}

/** One subscriber of IPv6 has a /64 at least: it counts as one. */
export function rateKey(address: string | null): string {
  if (!address || isIP(address) !== 6) return address ?? 'unknown'
  const [head = '', tail = ''] = address.toLowerCase().split('::')
  const left = head ? head.split(':') : []
  const right = tail ? tail.split(':') : []
  const zeros = Array<string>(Math.max(0, 8 - left.length - right.length)).fill('0')
  return [...left, ...zeros, ...right]
    .slice(0, 4)
    .map((part) => part.replace(/^0+(?=.)/, ''))
    .join(':')
}
