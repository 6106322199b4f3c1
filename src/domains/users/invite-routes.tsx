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
      summary: 'Invite somebody once more who hasn’t accepted yet; the link before ends',
    },
    async ({ db, actor, grant, id, version }) => {
      const done = await db.withActor(actor, (tx) => inviteUser(tx, actor, grant, id(), version))
      return { json: done.json, etag: done.version, location: paths.user(done.id), notice: 'Invited again' }
    },
  ),
]
