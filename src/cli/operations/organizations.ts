import { type Kysely, sql, type Transaction } from 'kysely'
import { addPerson, because, breaking, type Operator, Refused } from '#src/cli/operations/accounts.ts'
import type { DB } from '#src/db/types.ts'
import { seedAccess } from '#src/domains/organizations/organizations/access-actions.ts'

type Place = { id: string; name: string; slug: string }
type Owner = { username: string; email: string; passwordHash: string }

/**
 * Makes an organization with its owner, or, where it is not said which, gives the platform organization its first
 * superadmin.
 * @throws {Refused} when a name is taken, or the platform has a superadmin
 */
export async function createOrganization(
  db: Kysely<DB>,
  given: { name: string; slug: string } | null,
  owner: Owner,
  by: Operator,
) {
  return breaking(db, by, async (tx) => {
    const organization = given ? await tenant(tx, given, because(by)) : await platform(tx)
    await seedAccess(tx, organization.id)
    const role = given ? 'owner' : 'superadmin'
    const person = await addPerson(tx, organization, { ...owner, first_name: '', last_name: '', role }, by)
    return { organization, person }
  })
}

async function tenant(
  tx: Transaction<DB>,
  { name, slug }: { name: string; slug: string },
  reason: string,
): Promise<Place> {
  const made = await tx
    .insertInto('organizations')
    .values({ name, slug })
    .onConflict((conflict) => conflict.doNothing())
    .returning(['id', 'name', 'slug'])
    .executeTakeFirst()
  if (!made) {
    const same = tx.selectFrom('organizations').where('slug', '=', slug).select('id')
    throw new Refused(
      (await same.executeTakeFirst())
        ? `The short name ${slug} is taken: choose a different one with --slug.`
        : `The name ${name} is taken: choose a different one with --name.`,
    )
  }
  const data = JSON.stringify({ after: { name, slug } })
  await sql`insert into events (org_id, via, reason, action, target_type, target_id, data)
    values (${made.id}, 'cli', ${reason}, 'organization:create', 'organization', ${made.id}, ${data})`.execute(
    tx,
  )
  return made
}

/** Every installation has one by the seeds; what it lacks at first is somebody in it. */
async function platform(tx: Transaction<DB>): Promise<Place> {
  const { rows } = await sql<Place & { superadmin: string | null }>`
    select o.id, o.name, o.slug, (
      select u.username from user_roles ur
      join roles r on r.org_id = ur.org_id and r.id = ur.role_id and r.builtin and r.template = 'superadmin'
      join users u on u.org_id = ur.org_id and u.id = ur.user_id and u.status = 'active' and u.deleted_at is null
      where ur.org_id = o.id limit 1) as superadmin
    from organizations o where o.kind = 'platform' for update of o`.execute(tx)
  const [found] = rows
  if (!found) throw new Refused('The platform organization is missing: run npm run seed run.')
  if (found.superadmin !== null)
    throw new Refused(
      `${found.superadmin} is already superadmin and can add others. Lost access? Run npm run admin:reset-password`,
    )
  return { id: found.id, name: found.name, slug: found.slug }
}
