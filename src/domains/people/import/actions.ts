import { sql } from 'kysely'
import type { UserActor } from '#src/access/actor.ts'
import type { Grant } from '#src/access/grant.ts'
import { givingRights, mayGive } from '#src/access/granting.ts'
import { mayPlaceIn, requirePlaceable } from '#src/access/placing.ts'
import type { Tx } from '#src/db/database.ts'
import {
  PeopleImporter,
  peopleFields,
  type RowErrors,
  type Rules,
} from '#src/domains/people/import/importer.ts'
import type { Giver, Placed } from '#src/domains/people/import/queries.ts'
import { writePeople } from '#src/domains/people/import/write-actions.ts'
import { type user, users } from '#src/domains/people/users/model.ts'
import { Forbidden } from '#src/errors.ts'
import type { Importing, Wrong } from '#src/resource/import/import.ts'
import { mapConstraintErrors } from '#src/resource/record/write.ts'

/** People from a file, brought by somebody: only into roles and groups that they may give. */
export const peopleFromFile: Importing<(typeof user)['name']> = {
  fields: peopleFields,
  importer: (actor, grant) => new PeopleImporter(rulesOf(actor, grant)),
}

// where else somebody has a name is nobody's business here
const USERNAME = 'is already in use'
const EMAIL = 'already has an account'

function rulesOf(actor: UserActor, grant: Grant<'user', 'create'>): Rules {
  const unplaceable = unplaceableFor(actor)
  return {
    clock: actor.clock,
    giver: (tx) => giverOf(tx, actor, grant),
    taken: {
      username: { here: USERNAME, deleted: USERNAME, elsewhere: USERNAME, alike: USERNAME },
      email: { here: EMAIL, deleted: EMAIL, elsewhere: EMAIL, alike: EMAIL },
    },
    against: async (tx, list) => [...homeless(grant, list), ...(await unplaceable(tx, list))],
    write: async (tx, list) => {
      const ids = await mapConstraintErrors(
        users,
        writePeople(tx, list, { userId: actor.userId, reason: '' }),
      )
      if (grant.all) return
      const { rows } = await sql`
        select from users where id = any(${ids}::uuid[]) and (${grant.where()}) is not true limit 1`.execute(
        tx,
      )
      if (rows.length) throw new Forbidden('user:create', 'You can only add people to your own groups.')
    },
  }
}

/** Whoever adds people to their groups alone names one of them in each row. */
function homeless({ all, scopes, holder }: Grant<'user', 'create'>, list: readonly Placed[]): RowErrors {
  if (all) return []
  const mine = (id: string) => scopes.has('group') && holder.groups.includes(id)
  const message = 'Enter at least one of your groups'
  return list.flatMap(({ row, groups }) =>
    [...groups.keys()].some(mine)
      ? []
      : [{ line: row.line, field: 'groups', message, denied: 'user:create' }],
  )
}

/** A role reaches further in a group: nobody gives more there than they have there. */
function unplaceableFor(actor: UserActor) {
  /** What was said of a place in a group for somebody with these roles. */
  const places = new Map<string, Wrong | null>()
  return async (tx: Tx, list: readonly Placed[]): Promise<RowErrors> => {
    const found: RowErrors = []
    for (const { row, roles: held, groups } of list) {
      const roles = [...held.keys()]
      for (const [group, role] of groups) {
        const key = [group, role, ...roles.toSorted()].join()
        if (!places.has(key)) {
          const refused = await requirePlaceable(tx, actor, { group, role, roles }).then(
            () => null,
            (thrown) => {
              if (!(thrown instanceof Forbidden)) throw thrown
              return { field: 'groups', message: thrown.message, denied: thrown.wanted }
            },
          )
          places.set(key, refused)
        }
        const refused = places.get(key)
        if (refused) found.push({ line: row.line, ...refused })
      }
    }
    return found
  }
}

/** Names mean what the actor sees, and a group of theirs; they give what they have. */
async function giverOf(tx: Tx, actor: UserActor, grant: Grant<'user', 'create'>): Promise<Giver> {
  const rights = await givingRights(tx, actor)
  const roles = actor.find('role:read')?.where('r') ?? sql<boolean>`false`
  const groups = actor.find('group:read')?.where('g') ?? sql<boolean>`false`
  const mine = grant.scopes.has('group') ? grant.holder.groups : []
  return {
    sees: {
      role: sql<boolean>`${roles}`,
      group: sql<boolean>`(${groups} or g.id = any(${mine}::uuid[]))`,
    },
    role: (role) =>
      mayGive(actor, role) || mayGive(rights, role)
        ? null
        : { message: 'which grants permissions you don’t have', denied: 'role:assign' },
    group: ({ id }) =>
      mayPlaceIn(actor, grant, id)
        ? null
        : { message: 'to which you can’t add people', denied: 'group:update' },
  }
}
