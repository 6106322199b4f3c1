import { BlockList, isIP } from 'node:net'

/** The rightmost of `X-Forwarded-For` that is no trusted proxy, if the connection comes from one. */
export function clientIp(
  trusted: readonly string[],
): (socket: string | undefined, forwarded?: string) => string | null {
  const known = oneOf(trusted)
  return (socket, forwarded) => {
    const peer = plain(socket ?? '')
    if (!peer || !forwarded || trusted.length === 0 || !known(peer)) return peer
    const hops = forwarded.split(',').map((hop) => plain(hostOf(hop.trim())))
    for (const hop of hops.reverse()) {
      if (!hop) return peer
      if (!known(hop)) return hop
    }
    return peer
  }
}

function oneOf(ranges: readonly string[]): (ip: string) => boolean {
  const list = new BlockList()
  for (const range of ranges) {
    const [ip = '', prefix] = range.split('/')
    const family = familyOf(ip)
    list.addSubnet(ip, Number(prefix ?? (family === 'ipv6' ? 128 : 32)), family)
  }
  return (ip) => list.check(ip, familyOf(ip))
}

const familyOf = (ip: string) => (isIP(ip) === 6 ? 'ipv6' : 'ipv4')

const compiled = new WeakMap<readonly string[], (ip: string) => boolean>()

export function within(ranges: readonly string[], ip: string | null): boolean {
  let known = compiled.get(ranges)
  if (!known) {
    known = oneOf(ranges)
    compiled.set(ranges, known)
  }
  return ip !== null && known(plain(ip) ?? ip)
}

export function cidr(text: string): string | null {
  const [, ip = '', length] = /^([0-9a-f.:]+)(?:\/(\d{1,3}))?$/i.exec(text) ?? []
  const bare = plain(ip)
  if (!bare) return null
  const bits = familyOf(bare) === 'ipv6' ? 128 : 32
  const prefix = length === undefined ? bits : Number(length) - (bare === ip ? 0 : 96)
  return prefix >= 0 && prefix <= bits ? `${bare}/${prefix}` : null
}

function plain(ip: string): string | null {
  if (isIP(ip) !== 6) return isIP(ip) ? ip : null
  const [bare = ''] = ip.split('%')
  if (!/ffff:/i.test(bare)) return bare
  const { hostname } = new URL(`http://[${bare}]`)
  const [, high, low] = /^\[::ffff:([0-9a-f]{1,4}):([0-9a-f]{1,4})\]$/.exec(hostname) ?? []
  if (high === undefined || low === undefined) return bare
  return [high, low]
    .map((part) => Number.parseInt(part, 16))
    .flatMap((part) => [part >> 8, part & 255])
    .join('.')
}

/** Some proxies add a port, with IPv6 in brackets. */
const hostOf = (hop: string) => /^\[(.*)\](?::\d+)?$/.exec(hop)?.[1] ?? /^([\d.]+):\d+$/.exec(hop)?.[1] ?? hop

/** An IPv6 subscriber has at least a /64, which counts as one. */
export function rateKey(ip: string | null): string {
  if (!ip || isIP(ip) !== 6) return ip ?? 'unknown'
  const [head = '', tail = ''] = ip.toLowerCase().split('::')
  const left = head ? head.split(':') : []
  const right = tail ? tail.split(':') : []
  const zeros = Array<string>(Math.max(0, 8 - left.length - right.length)).fill('0')
  return [...left, ...zeros, ...right]
    .slice(0, 4)
    .map((part) => part.replace(/^0+(?=.)/, ''))
    .join(':')
}
