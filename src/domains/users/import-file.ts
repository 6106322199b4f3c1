import { createReadStream } from 'node:fs'
import { Earlier, needed, type Row, readRow } from '#src/domains/users/import-row.ts'
import { Sheet, type SheetRow } from '#src/resource/import/sheet.ts'

/** What is wrong, and where: the physical line of the file, and the column; null for the file or row as a whole. */
export type ImportError = { line: number | null; field: string | null; message: string }

/** Rows that have errors stand among the rows, too, so that the database can say what else is wrong with them. */
export type People = { rows: Row[]; errors: ImportError[] }

const columns = ['username', 'email', 'first_name', 'last_name', 'roles', 'groups'] as const

const MOST_BYTES = 50 * 1024 * 1024
const AT_ONCE = 1000

/** Reads people from a CSV file with a header. Every wrong row is reported, not just the first. */
export async function readPeople(file: string): Promise<People> {
  const people: People = { rows: [], errors: [] }
  const { rows, errors } = people
  const earlier = new Earlier()
  const sheet = new Sheet(
    createReadStream(file),
    ({ line, message }) => errors.push({ line, field: null, message }),
    {
      mostBytes: MOST_BYTES,
    },
  )
  try {
    const header = await sheet.header()
    const wrong = header && wrongHeader(header)
    if (wrong) errors.push(wrong)
    else if (header) {
      const names = namesOf(header)
      for await (const lines of sheet.rows(AT_ONCE)) {
        for (const { line, cells } of lines) {
          const { row, errors: found } = readRow(
            line,
            Object.fromEntries(names.map((name, index) => [name, cells[index] as string])),
          )
          for (const error of [...found, ...earlier.twice(row)]) errors.push({ line, ...error })
          rows.push(row)
        }
      }
    }
  } catch (error) {
    errors.push(unread(error as NodeJS.ErrnoException))
  }
  if (!errors.length && !rows.length)
    errors.push({ line: null, field: null, message: 'The file has no people in it.' })
  errors.sort((a, b) => (a.line ?? 0) - (b.line ?? 0))
  return people
}

function unread(error: NodeJS.ErrnoException): ImportError {
  const known: Record<string, string> = {
    ENOENT: 'There is no such file.',
    EISDIR: 'This is a folder, not a file.',
    EACCES: 'The file may not be read.',
  }
  if (!error.code) throw error
  return { line: null, field: null, message: known[error.code] ?? error.message }
}

const namesOf = ({ cells }: SheetRow) => cells.map((cell) => cell.trim().toLowerCase())

function wrongHeader(header: SheetRow): ImportError | undefined {
  const names = namesOf(header)
  const wrong = [
    ...names
      .filter((name) => !columns.includes(name as never))
      .map((name) => `has an unknown column ${JSON.stringify(name)}`),
    ...names
      .filter((name, index) => names.indexOf(name) < index)
      .map((name) => `has the column ${name} twice`),
    ...needed.filter((name) => !names.includes(name)).map((name) => `lacks the column ${name}`),
  ]
  if (!wrong.length) return undefined
  const message = `the header ${wrong.join(', ')}. Known columns: ${columns.join(', ')}`
  return { line: header.line, field: null, message }
}
