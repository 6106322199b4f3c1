import type { UserActor } from '#src/access/actor.ts'
import type { Door } from '#src/db/database.ts'
import { meScreen, type Own } from '#src/domains/people/profile/views.tsx'
import { updateUser } from '#src/domains/people/users/actions.ts'
import { ownProfile, users as people, type UserRecord } from '#src/domains/people/users/model.ts'
import { can, get, patch, signedIn } from '#src/http/endpoint.ts'
import { paths } from '#src/paths.ts'
import { findRecord } from '#src/resource/record/query.ts'

/** The own record, as far as the person may read them. */
async function own(db: Door, actor: UserActor): Promise<Own> {
  const users = actor.find('user:read')
  const [found] = users
    ? await db.readAs(actor, (q) => findRecord(q, people, actor, users, actor.userId), { prepared: true })
    : []
  return {
    user: found ? (JSON.parse(found.json) as UserRecord) : null,
    mayChange: actor.can('user:update'),
    permissions: [...actor.rights.permissions].sort(),
  }
}

export const profileRoutes = [
  get(paths.me, signedIn, { only: 'page' }, async ({ db, actor }) => {
    const mine = await own(db, actor)
    return { screen: (frame) => meScreen(frame, actor.identity, mine) }
  }),

  patch(
    paths.me,
    can('user:update'),
    {
      only: 'page',
      body: ownProfile,
      refused: async ({ db, actor }, refusal) => {
        const mine = await own(db, actor)
        return (frame) => meScreen(frame, actor.identity, mine, refusal)
      },
    },
    async ({ db, actor, grant, body, version }) => {
      await db.withActor(actor, (tx) => updateUser(tx, actor, grant, actor.userId, body, version))
      return { location: paths.me, notice: 'Saved' }
    },
  ),
]
