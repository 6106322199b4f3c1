import { z } from 'zod'
import { Invalid } from '#src/errors.ts'
import type { Field } from '#src/resource/import/columns.ts'
import type { ImportError, ImportReport } from '#src/resource/import/import.ts'
import type { Import } from '#src/resource/import/store.ts'

const report = {
  rows: z.int().describe('Without the header.'),
  notes: z
    .array(z.strictObject({ column: z.string(), rows: z.int(), message: z.string() }))
    .describe('What some rows say that an import can’t keep.'),
  error_count: z.int(),
  errors: z
    .array(
      z.strictObject({
        line: z.int().nullable(),
        column: z.string().nullable(),
        value: z.string().nullable(),
        message: z.string(),
      }),
    )
    .describe(
      'The first 1,000. Without a line, it concerns the whole file; without a column, the whole row.',
    ),
  ignored_columns: z.array(z.string()),
}

/** Result of an import in one request. */
export const importAnswer = z
  .strictObject({ dry_run: z.boolean(), imported: z.int(), ...report })
  .meta({ id: 'import_answer' })

/** The columns a file may have. */
export const columnsAnswer = z
  .strictObject({
    columns: z.array(z.strictObject({ name: z.string(), label: z.string(), required: z.boolean() })),
    most_rows: z.int(),
    most_mb: z.int(),
  })
  .meta({ id: 'import_columns' })

/** State of an import. */
export const stateAnswer = z
  .strictObject({
    id: z.guid(),
    name: z.string(),
    status: z.enum(['waiting', 'checking', 'checked', 'importing', 'imported', 'failed', 'stopped']),
    done: z.int(),
    total: z.int().describe('Lines of the file, until its rows are counted.'),
    report: z.strictObject({ ...report, failure: z.string() }).partial(),
  })
  .meta({ id: 'import_state' })

export const stateOf = ({ id, name, status, done, total, report }: Import) => ({
  id,
  name,
  status,
  done,
  total,
  report,
})

/** Query string of an import in one request: its options, and `map.<field>=<column of the file>`. */
export const importQuery = (fields: readonly Field[]) =>
  z.strictObject({
    dry_run: z
      .enum(['true', 'false'])
      .default('false')
      .transform((said) => said === 'true'),
    ...Object.fromEntries(fields.map(({ name }) => [`map.${name}`, z.string().optional()])),
  })

/** Form fields besides the file: the same as the query string. */
export const importBody = (fields: readonly Field[]) =>
  z.strictObject({
    mapping: z
      .string()
      .transform((text, context) => {
        try {
          return JSON.parse(text) as unknown
        } catch {
          context.addIssue({ code: 'custom', message: 'Enter JSON' })
          return z.NEVER
        }
      })
      .pipe(z.strictObject(Object.fromEntries(fields.map(({ name }) => [name, z.string().optional()]))))
      .optional()
      .describe('JSON: for each field, the file’s column; empty for none.'),
  })

/** The next step for a stored file, and the mapping of its columns. */
export const startBody = z
  .object({ action: z.enum(['check', 'import']) })
  .catchall(z.string())
  .describe('column_0, column_1, …: the field to import each column as; empty for none.')

const placeOf = ({ line, column }: ImportError) =>
  [line === null ? 'file' : `line ${line}`, ...(column === null ? [] : [column])].join(': ')

/** 422: nothing was imported; lists every error. */
export const notImported = ({ error_count, errors }: ImportReport) =>
  new Invalid(`${error_count === 1 ? '1 error' : `${error_count} errors`}: nothing was imported.`, {
    errors: errors.map((error) => ({ path: placeOf(error), ...error })),
  })
