import { z } from 'zod'
import { inviteUser } from '#src/domains/people/users/actions.ts'
import { users } from '#src/domains/people/users/model.ts'
import { can, post } from '#src/http/endpoint.ts'
import { paths } from '#src/paths.ts'
import { saved } from '#src/resource/record/saved.ts'
import { onlyVersion } from '#src/resource/record/write.ts'

export const inviteRoutes = [
  post(
    paths.inviteUser(':id'),
    can('user:create'),
    {
      answer: z.union([users.record, onlyVersion]),
      otherStatuses: [409, 412],
      summary: 'Send an invitation to someone who hasn’t accepted one yet; earlier links stop working',
    },
    async (call) => {
      const { db, actor, grant, id, version } = call
      const done = await db.withActor(actor, (tx) => inviteUser(tx, actor, grant, id(), version))
      return saved(call, users, done, 'Invitation sent', paths.home)
    },
  ),
]
