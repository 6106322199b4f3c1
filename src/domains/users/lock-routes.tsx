import { unlockUser } from '#src/domains/users/lock-actions.ts'
import { users } from '#src/domains/users/model.ts'
import { can, post } from '#src/http/endpoint.ts'
import { paths } from '#src/paths.ts'

export const lockRoutes = [
  post(
    paths.unlockUser(':id'),
    can('user:update'),
    { answer: users.record, summary: 'Let a person sign in again at once, after too many wrong passwords' },
    async ({ db, actor, grant, id }) => {
      const done = await db.withActor(actor, (tx) => unlockUser(tx, actor, grant, id()))
      return { json: done.json, etag: done.version, location: paths.user(done.id), notice: 'Unlocked' }
    },
  ),
]
