import { randomBytes, timingSafeEqual } from 'node:crypto'
import { createTOTPKeyURI, generateHOTP } from 'oslo/otp'

/** Of random bits, as long as the hash of RFC 6238 has. */
export const newTotpSecret = () => randomBytes(20)

/** The code of a half minute since 1970 (RFC 6238: SHA-1, 30 s, 6 digits). */
export const codeAt = (secret: Uint8Array, step: number): Promise<string> => generateHOTP(secret, step)

/** The half minute that a code is for: this one, or the one before or after it; null where it is for none of them. */
export async function stepOf(secret: Uint8Array, code: string, now: number): Promise<number | null> {
  const given = Buffer.from(code)
  let found: number | null = null
  // all three in any case: how long it takes tells nothing
  for (const step of [now - 1, now, now + 1]) {
    const right = Buffer.from(await codeAt(secret, step))
    if (given.length === right.length && timingSafeEqual(given, right)) found = step
  }
  return found
}

/** What the app of the second factor reads: as a link, and within a QR code. */
export const totpUri = (issuer: string, username: string, secret: Uint8Array) =>
  // some apps take the plus that stands for a space in forms as it is
  createTOTPKeyURI(issuer, username, secret).replaceAll('+', '%20')

/** The secret as it is typed in: in groups of four, without what looks alike. */
export const totpKey = (uri: string) =>
  (new URL(uri).searchParams.get('secret') ?? '').replace(/.{4}(?=.)/g, '$& ')
