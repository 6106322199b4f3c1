import { resetSecondFactor, unlockUser } from '#src/domains/people/locks/actions.ts'
import { users } from '#src/domains/people/users/model.ts'
import { can, post } from '#src/http/endpoint.ts'
import { paths } from '#src/paths.ts'
import { saved } from '#src/resource/record/saved.ts'

export const lockRoutes = [
  post(
    paths.unlockUser(':id'),
    can('user:update'),
    { answer: users.record, summary: 'Unlock a person after too many failed sign-ins' },
    async (call) => {
      const { db, actor, grant, id } = call
      const done = await db.withActor(actor, (tx) => unlockUser(tx, actor, grant, id()))
      return saved(call, users, done, 'Unlocked', paths.home, 'They weren’t locked')
    },
  ),

  post(
    paths.resetSecondFactor(':id'),
    can('user:update'),
    {
      requiresRecentAuth: true,
      answer: users.record,
      summary: 'Turn off two-step verification for someone whose account the organization manages',
    },
    async (call) => {
      const { db, actor, grant, id } = call
      const done = await db.withActor(actor, (tx) => resetSecondFactor(tx, actor, grant, id()))
      return saved(call, users, done, 'Two-step verification turned off', paths.home)
    },
  ),
]
