import { isUtf8 } from 'node:buffer'
import { HttpError } from '#src/http/errors.ts'
import { about } from '#src/locale/instructions.ts'

export function flawOf(text: string): string | null {
  if (text.includes('\0')) return 'has a NUL character'
  return text.isWellFormed() ? null : 'has half of a character (a surrogate without its pair)'
}

export const malformed = (path: string, message: string) =>
  new HttpError(400, about(path || 'The body', message), { errors: [{ path, message }] })

/** @throws {HttpError} 400 at its field */
export function refuseFlaw(text: string, path: string): void {
  const flaw = flawOf(text)
  if (flaw) throw malformed(path, flaw)
}

const ESCAPED = /(?:%[0-9a-f]{2})+/gi
const isSound = (pair: string) =>
  (pair.match(ESCAPED) ?? []).every((bytes) => isUtf8(Buffer.from(bytes.replaceAll('%', ''), 'hex')))

/** The pairs of a query string or a urlencoded form. */
export function pairsOf(text: string): [name: string, value: string][] {
  const broken = text.split('&').find((pair) => !isSound(pair))
  if (broken !== undefined) {
    const [[name = ''] = []] = new URLSearchParams(broken)
    throw malformed(name, 'is not UTF-8')
  }
  return [...new URLSearchParams(text)]
}
