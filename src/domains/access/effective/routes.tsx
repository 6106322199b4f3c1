import { z } from 'zod'
import { heldAnswered, heldByBoth, heldJson, heldQuery } from '#src/domains/access/effective/model.ts'
import { compared, having } from '#src/domains/access/effective/queries.ts'
import { comparedScreen, heldScreen } from '#src/domains/access/effective/views.tsx'
import { readsPermissions } from '#src/domains/access/explain/queries.ts'
import { users } from '#src/domains/people/users/model.ts'
import { type Answer, type Call, can, get, type Refusal } from '#src/http/endpoint.ts'
import { paths } from '#src/paths.ts'
import { readRecord } from '#src/resource/record/query.ts'
import type { Frame } from '#src/ui/frame.ts'

type Asking = Call<{ can: 'user:read' }, typeof heldQuery>

/** What one person has, as a part of their record. */
async function one({ db, actor, grant, id, query: { model } }: Asking) {
  const found = await having(db, actor, grant, { id: id() })
  const permissions = found.permissions.filter((held) => !model || held.model === model)
  const page = (error?: string) => async (frame: Frame) => {
    const record = await readRecord(db, users, actor, grant, found.subject.id)
    const { subject, permissions: all } = found
    return heldScreen({
      subject,
      record,
      all,
      permissions,
      model,
      others: readsPermissions(actor),
      error,
      frame,
    })
  }
  return { found, permissions, page }
}

export const effectiveRoutes = [
  get(
    paths.userPermissions(':id'),
    can('user:read'),
    {
      query: heldQuery,
      // nobody to compare with
      refused: async (call: Asking, { message }: Refusal) => (await one(call)).page(message),
      answer: z.union([heldAnswered, heldByBoth]),
      summary: 'List a user’s permissions and the roles that grant them; or compare two users',
      otherStatuses: [404],
    },
    async (call): Promise<Answer> => {
      const { db, actor, grant, query } = call
      const { found, permissions, page } = await one(call)
      if (!query.compare) return { json: { data: permissions.map(heldJson) }, screen: page() }
      const other = await having(db, actor, grant, query.compare)
      const people = [found.subject, other.subject] as const
      const data = compared(found.permissions, other.permissions).filter(
        ({ model }) => !query.model || model === query.model,
      )
      return {
        json: { users: people.map(({ id, name }) => ({ id, name })), data },
        screen: (frame) => comparedScreen({ people, data, frame }),
      }
    },
  ),
]
