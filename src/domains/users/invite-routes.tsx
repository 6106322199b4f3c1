import { inviteUser } from '#src/domains/users/actions.ts'
import { users } from '#src/domains/users/model.ts'
import { can, post } from '#src/http/endpoint.ts'
import { paths } from '#src/paths.ts'

export const inviteRoutes = [
  post(
    paths.inviteUser(':id'),
    can('user:create'),
    {
      answer: users.record,
      also: [409, 412],
      summary: 'Send an invitation to somebody who hasn’t accepted one yet; a link that was sent before ends',
    },
    async ({ db, actor, grant, id, version }) => {
      const done = await db.withActor(actor, (tx) => inviteUser(tx, actor, grant, id(), version))
      return {
        json: done.json,
        etag: done.version,
        location: paths.user(done.id),
        notice: 'An invitation is on its way',
      }
    },
  ),
]
