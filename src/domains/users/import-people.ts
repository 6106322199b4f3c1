import { sql } from 'kysely'
import type { UserActor } from '#src/access/actor.ts'
import { Forbidden, type Grant } from '#src/access/grant.ts'
import { givingRights, mayGive } from '#src/access/granting.ts'
import { mayPlaceIn, requirePlaceable } from '#src/access/placing.ts'
import type { Db } from '#src/db/database.ts'
import { type Giver, type Placed, placed, placesOf } from '#src/domains/users/import-places.ts'
import { Earlier, needed, type Row, readRow } from '#src/domains/users/import-row.ts'
import { namesTaken, writePeople } from '#src/domains/users/import-write.ts'
import { type user, users } from '#src/domains/users/model.ts'
import {
  type Cells,
  type Importer,
  type Importing,
  MANY,
  planForMany,
  type Wrong,
} from '#src/resource/import/import.ts'
import { naming } from '#src/resource/write.ts'

type Found = (Wrong & { line: number })[]

const said = { username: 'is taken', email: 'has an account already' }

/** People from a file, brought by somebody: only into roles and groups that they may give. */
export const peopleFromFile: Importing<(typeof user)['name']> = {
  fields: [
    { name: 'username', label: 'User name', required: true, example: 'ada' },
    { name: 'email', label: 'E-mail', required: true, example: 'ada@example.com' },
    { name: 'first_name', label: 'First name', example: 'Ada' },
    { name: 'last_name', label: 'Last name', example: 'Lovelace' },
    { name: 'roles', label: 'Roles', example: 'member; viewer' },
    { name: 'groups', label: 'Groups', example: 'Sales; team:Night=lead' },
  ],
  importer: (actor, grant) => new PeopleImporter(actor, grant),
}

class PeopleImporter implements Importer<Row> {
  readonly atOnce = MANY
  readonly #actor: UserActor
  readonly #grant: Grant<'user', 'create'>
  readonly #earlier = new Earlier()
  /** What was said of a place in a group for somebody with these roles. */
  readonly #places = new Map<string, Wrong | null>()
  #giver: Giver | undefined
  #list: Placed[] = []

  constructor(actor: UserActor, grant: Grant<'user', 'create'>) {
    this.#actor = actor
    this.#grant = grant
  }

  read(line: number, cells: Cells): { row: Row; wrong: Wrong[] } {
    const { row, errors } = readRow(line, cells)
    const twice = this.#earlier.twice(row)
    for (const { field } of twice) row[field] = null
    return { row, wrong: [...errors, ...twice] }
  }

  async check(tx: Db, rows: readonly Row[]): Promise<Found> {
    this.#giver ??= await this.#begin(tx)
    const { list, errors } = placed(rows, await placesOf(tx, rows, this.#giver))
    this.#list = list
    const taken = await namesTaken(tx, rows)
    const found: Found = rows.flatMap((row) =>
      needed.flatMap((field) =>
        taken[field].has(row[field] ?? '') ? [{ line: row.line, field, message: said[field] }] : [],
      ),
    )
    return [...errors, ...found, ...this.#homeless(), ...(await this.#unplaceable(tx))]
  }

  async #begin(tx: Db): Promise<Giver> {
    await planForMany(tx)
    return giverOf(tx, this.#actor, this.#grant)
  }

  async write(tx: Db): Promise<void> {
    const { userId } = this.#actor
    const ids = await naming(users, writePeople(tx, this.#list, { userId, reason: '' }))
    if (this.#grant.all) return
    const { rows } = await sql`
      select from users where id = any(${ids}::uuid[]) and (${this.#grant.where()}) is not true limit 1`.execute(
      tx,
    )
    if (rows.length) throw new Forbidden('user:create', 'You may only add people to your own groups.')
  }

  /** Whoever adds people to their groups alone names one of them in each row. */
  #homeless(): Found {
    const { all, scopes, holder } = this.#grant
    if (all) return []
    const mine = (id: string) => scopes.has('group') && holder.groups.includes(id)
    return this.#list.flatMap(({ row, groups }) =>
      [...groups.keys()].some(mine)
        ? []
        : [
            {
              line: row.line,
              field: 'groups',
              message: 'must name one of your groups',
              denied: 'user:create',
            },
          ],
    )
  }

  /** A role reaches further in a group: nobody gives more there than they have there. */
  async #unplaceable(tx: Db): Promise<Found> {
    const found: Found = []
    for (const { row, roles, groups } of this.#list) {
      for (const [group, role] of groups) {
        const key = [group, role, ...[...roles].sort()].join()
        if (!this.#places.has(key)) {
          const refused = await requirePlaceable(tx, this.#actor, { group, role, roles }).then(
            () => null,
            (thrown) => {
              if (!(thrown instanceof Forbidden)) throw thrown
              return { field: 'groups', message: thrown.message, denied: thrown.wanted }
            },
          )
          this.#places.set(key, refused)
        }
        const refused = this.#places.get(key)
        if (refused) found.push({ line: row.line, ...refused })
      }
    }
    return found
  }
}

/** Names mean what the actor sees, and a group of theirs; they give what they have. */
async function giverOf(tx: Db, actor: UserActor, grant: Grant<'user', 'create'>): Promise<Giver> {
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
        : { message: 'which has more than you', denied: 'role:assign' },
    group: ({ id }) =>
      mayPlaceIn(actor, grant, id)
        ? null
        : { message: 'to which you may not add people', denied: 'group:update' },
  }
}
