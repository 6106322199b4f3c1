import { isUtf8 } from 'node:buffer'
import { HttpError } from '#src/http/errors.ts'
import { malformed } from '#src/http/text.ts'

export type Upload = { name: string; content: Buffer }

const MAX_PARTS = 100
const LONGEST_HEADERS = 16_384

export const isUpload = (type: string) => type === 'multipart/form-data' || type === 'text/csv'

/** Fields and file of a form (RFC 7578), by the platform's parser. */
export async function readMultipart(
  contentType: string,
  content: Buffer,
): Promise<{ fields: [string, string][]; file: Upload | undefined }> {
  const boundary = /boundary=(?:"([^"]+)"|([^;\s]+))/i.exec(contentType)
  if (!isSound(content, boundary?.[1] ?? boundary?.[2] ?? ''))
    throw new HttpError(400, `The form is malformed, or has more than ${MAX_PARTS} parts.`)
  const form = await new Response(content as Uint8Array<ArrayBuffer>, {
    headers: { 'Content-Type': contentType },
  })
    .formData()
    .catch(() => {
      throw new HttpError(400, 'The form is malformed.')
    })
  const fields: [string, string][] = []
  let file: Upload | undefined
  for (const [name, value] of form) {
    if (typeof value === 'string') fields.push([name, value])
    else if (name !== 'file' || file) throw new HttpError(400, 'Send one file, as the field “file”.')
    // browsers send an empty file if none was chosen
    else if (value.name || value.size)
      file = { name: value.name, content: Buffer.from(await value.arrayBuffer()) }
  }
  return { fields, file }
}

/** Checked before parsing: many parts take long, and invalid UTF-8 would be replaced. @throws {HttpError} 400 */
function isSound(content: Buffer, boundary: string): boolean {
  if (!boundary) return false
  const mark = `--${boundary}`
  let parts = 0
  for (let at = content.indexOf(mark), next: number; at >= 0; at = next) {
    next = content.indexOf(mark, at + mark.length)
    const part = content.subarray(at + mark.length, next < 0 ? undefined : next)
    if (part.subarray(0, 2).toString() === '--') continue
    const body = part.subarray(0, LONGEST_HEADERS).indexOf('\r\n\r\n')
    if (++parts > MAX_PARTS || body < 0) return false
    const head = part.subarray(0, body)
    const [, name = ''] = /\bname="([^"]*)"/i.exec(head.toString()) ?? []
    const isFile = /;\s*filename\*?=/i.test(head.toString())
    if (!isUtf8(head) || !(isFile || isUtf8(part))) throw malformed(name, 'is not UTF-8')
  }
  return content.includes(mark)
}
