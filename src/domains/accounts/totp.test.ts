import decodeQR from 'qr/decode.js'
import { describe, expect, test } from 'vitest'
import { newRecoveryCodes, recoveryHash } from '#src/domains/accounts/recovery-codes.ts'
import { codeAt, newTotpSecret, stepOf, totpKey, totpUri } from '#src/domains/accounts/totp.ts'
import { Vault } from '#src/platform/vault.ts'
import { Qr } from '#src/ui/qr.tsx'

describe('a code of half a minute', () => {
  // RFC 6238, appendix B, SHA-1: the last six of eight digits
  const secret = Buffer.from('12345678901234567890')
  test.each([
    [59, '94287082'],
    [1111111109, '07081804'],
    [1111111111, '14050471'],
    [1234567890, '89005924'],
    [2000000000, '69279037'],
    [20000000000, '65353130'],
  ])('at %i seconds is the one of RFC 6238', async (seconds, code) => {
    expect(await codeAt(secret, Math.floor(seconds / 30))).toBe(code.slice(2))
  })

  test('counts in its own, the one before and the one after, and in no other', async () => {
    const now = 58_000_000
    const code = await codeAt(secret, now)
    const around = [-2, -1, 0, 1, 2].map((off) => stepOf(secret, code, now + off))
    expect(await Promise.all(around)).toEqual([null, now, now, now, null])
  })

  test.each(['', '12345', '1234567', ' 94287', '９４２８７０', 'abcdef'])('%j is none', async (code) => {
    expect(await stepOf(secret, code, 1)).toBeNull()
  })
})

test('an app reads name, issuer and secret, from the link and from the QR code', () => {
  const secret = newTotpSecret()
  const uri = totpUri('Ambit & Sons', 'ada@example.com', secret)
  const { protocol, host, pathname, searchParams } = new URL(uri)
  expect([protocol, host, decodeURIComponent(pathname)]).toEqual([
    'otpauth:',
    'totp',
    '/Ambit & Sons:ada@example.com',
  ])
  expect(uri).not.toContain('+')
  expect(searchParams.get('issuer')).toBe('Ambit & Sons')
  expect(totpKey(uri)).toMatch(/^([A-Z2-7]{4} ){7}[A-Z2-7]{4}$/)
  expect(totpKey(uri).replaceAll(' ', '')).toBe(searchParams.get('secret'))
  expect(read(Qr({ text: uri, label: 'x' }).toString())).toBe(uri)
})

/** The text of a drawn QR code. */
function read(svg: string): string {
  const scale = 4
  const side = Number(/viewBox="0 0 (\d+)/.exec(svg)?.[1]) * scale
  const data = new Uint8Array(side * side * 4).fill(255)
  for (const [, x, y] of svg.matchAll(/M(\d+) (\d+)h1v1h-1z/g)) {
    for (let pixel = 0; pixel < scale * scale; pixel++) {
      const row = Number(y) * scale + Math.floor(pixel / scale)
      const at = (row * side + Number(x) * scale + (pixel % scale)) * 4
      data.fill(0, at, at + 3)
    }
  }
  return decodeQR({ width: side, height: side, data })
}

test('recovery codes are ten different ones, and count however they are typed', () => {
  const codes = newRecoveryCodes()
  expect(new Set(codes).size).toBe(10)
  for (const code of codes) expect(code).toMatch(/^[a-z02-9]{4}(-[a-z02-9]{4}){3}$/)
  const [code = ''] = codes
  const typed = [
    code,
    code.toUpperCase(),
    code.replaceAll('-', ''),
    ` ${code.replaceAll('-', ' ').replaceAll('0', 'O')} `,
  ]
  expect(new Set(typed.map((one) => recoveryHash('a', one).toString('hex'))).size).toBe(1)
  expect(recoveryHash('a', code)).not.toEqual(recoveryHash('b', code))
})

describe('a vault', () => {
  const [one, other] = ['a'.repeat(32), 'b'.repeat(32)] as const
  const vault = new Vault({ SECRET_KEY: one }, 'tests')
  const secret = Buffer.from('the secret')

  test('opens what it sealed, never twice the same', () => {
    expect(vault.open(vault.seal(secret, 'a'), 'a')).toEqual({ content: secret, outdated: false })
    expect(vault.seal(secret, 'a')).not.toEqual(vault.seal(secret, 'a'))
    expect(vault.seal(secret, 'a').includes(secret)).toBe(false)
  })

  test('opens nothing for somebody else, for another purpose, by another key, or changed', () => {
    const sealed = vault.seal(secret, 'a')
    expect(vault.open(sealed, 'b')).toBeNull()
    expect(new Vault({ SECRET_KEY: one }, 'others').open(sealed, 'a')).toBeNull()
    expect(new Vault({ SECRET_KEY: other }, 'tests').open(sealed, 'a')).toBeNull()
    for (let at = 0; at < sealed.length; at++) {
      const changed = Buffer.from(sealed)
      changed[at] = (changed[at] as number) ^ 1
      expect(vault.open(changed, 'a')).toBeNull()
      expect(vault.open(sealed.subarray(0, at), 'a')).toBeNull()
    }
  })

  test('opens what the key before sealed, and says so', () => {
    const sealed = vault.seal(secret, 'a')
    const next = new Vault({ SECRET_KEY: other, SECRET_KEY_PREVIOUS: one }, 'tests')
    expect(next.open(sealed, 'a')).toEqual({ content: secret, outdated: true })
    expect(next.open(next.seal(secret, 'a'), 'a')).toEqual({ content: secret, outdated: false })
  })
})
