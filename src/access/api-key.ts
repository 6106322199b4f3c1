import { randomBytes } from 'node:crypto'
import { crc32 } from 'node:zlib'

const DIGITS = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'
const MARK = 'amb_'
/** Base-62 digits for 256 random bits and for a 32-bit checksum. */
const SECRET = 43
const CHECK = 6
/** Digits shown so that people can tell keys apart. */
const SHOWN = 8

const GRAMMAR = new RegExp(`^${MARK}([0-9A-Za-z]{${SECRET}})([0-9A-Za-z]{${CHECK}})$`)

function digits(number: bigint, length: number): string {
  let text = ''
  for (let rest = number; text.length < length; rest /= 62n) text = DIGITS[Number(rest % 62n)] + text
  return text
}

const checksum = (secret: string) => digits(BigInt(crc32(secret)), CHECK)

/** `amb_`, 256 random bits and their CRC-32, in base 62: a leaked key is recognizable offline. */
export function newApiKey(): string {
  const secret = digits(BigInt(`0x${randomBytes(32).toString('hex')}`), SECRET)
  return MARK + secret + checksum(secret)
}

/** Whether the text is well-formed as a key, checksum included; no look-up. */
export function isApiKey(text: string): boolean {
  const [, secret, check] = GRAMMAR.exec(text) ?? []
  return secret !== undefined && checksum(secret) === check
}

/** The part of a key that may be shown later. */
export const prefixOf = (key: string) => key.slice(0, MARK.length + SHOWN)
