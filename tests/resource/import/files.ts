import { sql } from 'kysely'
import { type ActionsOf, defineModel } from '#src/access/model.ts'
import { createApp } from '#src/app.ts'
import { Conflict } from '#src/errors.ts'
import { defineResource } from '#src/resource/entity.ts'
import type { ImportError, ImportReport } from '#src/resource/import/import.ts'
import { createRecord } from '#src/resource/record/write.ts'
import { resourceRoutes } from '#src/resource/routes.tsx'
import { type Answer, send } from '#tests/client.ts'
import type { Person } from '#tests/people.ts'
import { licence, licences, routes } from '#tests/resource/licences.ts'
import { testDatabase } from '#tests/setup/database.ts'

const here = await testDatabase()

/** The same records, each made by an action of their own, which doesn't like the number 13. */
const byHand = defineResource(licence, { ...licences.declared, path: '/handmade', one: 'handmade licence' })
/** The same records, for those who review them: not whoever owns them counts. */
const review = defineModel('review', {
  table: 'licences',
  actions: ['create', 'read'],
  own: ['reviewer_id'],
  group: [],
})
declare module '#src/access/permission.ts' {
  interface Models {
    review: ActionsOf<typeof review>
  }
}
const { owner_user_id, owner_group_id, ...columns } = licences.declared.columns
const reviews = defineResource(review, { ...licences.declared, path: '/reviews', one: 'review', columns })

/** What the program logged of failures. */
export const logged: string[] = []
export const app = createApp({
  ...here,
  log: { warn: () => {}, error: (_, message) => logged.push(message) },
  routes: [
    ...routes,
    ...resourceRoutes(reviews),
    ...resourceRoutes(byHand, {
      actions: {
        create: (tx, actor, grant, input: { seats: number }) => {
          if (input.seats === 13) throw new Conflict('Thirteen brings bad luck.')
          return createRecord(tx, licences, actor, grant, { ...input, seats: input.seats + 1 })
        },
      },
    }),
  ],
})

export type Told = ImportReport & { dry_run: boolean; imported: number }
type Body = NonNullable<RequestInit['body']>

export const upload = (
  by: Person,
  body: Body,
  query = '',
  headers: Record<string, string> = {},
  path = '/licences',
) =>
  send(
    `/api/v1${path}/import${query}`,
    {
      method: 'POST',
      body,
      headers: {
        Authorization: `Bearer ${by.token}`,
        Accept: 'application/json',
        ...(typeof body === 'string' || Buffer.isBuffer(body) ? { 'Content-Type': 'text/csv' } : {}),
        ...headers,
      },
    },
    app,
  )
export const wrongs = (answer: Answer) => answer.json<{ errors: ImportError[] }>().errors
export const told = (answer: Answer) =>
  wrongs(answer).map(({ line, column, message }) => [line, column, message].filter(Boolean).join(' '))

export type Stored = Record<string, unknown> & { code: string }
export async function stored(of: { id: string }): Promise<Stored[]> {
  const { rows } = await sql<{ row: Stored }>`
    select to_jsonb(l) as row from licences l where org_id = ${of.id} order by code`.execute(here.owner)
  return rows.map(({ row }) => row)
}
export const HEAD = 'code,seats,expires,contact'
export const line = (code: string, more = '') => `${code},1,2030-01-01,a@example.com${more}`
