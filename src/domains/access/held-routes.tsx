import { z } from 'zod'
import { comparedScreen, heldScreen } from '#src/domains/access/held-views.tsx'
import { heldAnswered, heldByBoth, heldJson, heldQuery } from '#src/domains/access/model.ts'
import { compared, having, readsPermissions } from '#src/domains/access/queries.ts'
import { users } from '#src/domains/users/model.ts'
import { can, get } from '#src/http/endpoint.ts'
import { paths } from '#src/paths.ts'
import { readRecord } from '#src/resource/query.ts'

export const heldRoutes = [
  get(
    paths.userPermissions(':id'),
    can('user:read'),
    {
      query: heldQuery,
      answer: z.union([heldAnswered, heldByBoth]),
      summary: 'List what one user may, and by which roles; or compare two',
      also: [404],
    },
    async ({ db, actor, grant, id, query }) => {
      const { model, compare } = query
      const of = (code: { model: string }) => !model || code.model === model
      const found = await having(db, actor, grant, { id: id() })
      const all = found.permissions
      const shown = { model, others: readsPermissions(actor) }
      if (!compare) {
        const permissions = all.filter(of)
        return {
          json: { data: permissions.map(heldJson) },
          screen: async (frame) => {
            const record = await readRecord(db, users, actor, grant, found.subject.id)
            return heldScreen({ ...shown, ...found, record, all, permissions, frame })
          },
        }
      }
      const other = await having(db, actor, grant, compare)
      const people = [found.subject, other.subject] as const
      const data = compared(all, other.permissions).filter(of)
      return {
        json: { users: people.map(({ id, name }) => ({ id, name })), data },
        screen: (frame) => comparedScreen({ people, data, frame }),
      }
    },
  ),
]
