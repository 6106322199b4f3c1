import { type Kysely, sql } from 'kysely'
import { fictionalPeople, random } from '#examples/fictional.ts'
import { readConfig } from '#src/config.ts'
import type { DB } from '#src/db/types.ts'
import { seedAccess } from '#src/domains/organizations/organizations/access-actions.ts'
import { hashPassword } from '#src/platform/passwords.ts'

type Account = {
  username: string
  first_name: string
  last_name: string
  roles: string[]
  org: string
  group?: string
}

/** Who can sign in to the demo: the password is the user name and 123. */
export const accounts: Account[] = [
  {
    username: 'superadmin',
    first_name: 'Petra',
    last_name: 'Platform',
    roles: ['superadmin'],
    org: 'platform',
  },
  { username: 'admin', first_name: 'Ada', last_name: 'Admin', roles: ['admin', 'user'], org: 'default' },
  {
    username: 'demo',
    first_name: 'Dora',
    last_name: 'Demo',
    roles: ['user'],
    org: 'default',
    group: 'Engineering',
  },
  {
    username: 'testuser',
    first_name: 'Theo',
    last_name: 'Test',
    roles: ['member'],
    org: 'default',
    group: 'Logistics',
  },
  {
    username: 'operator',
    first_name: 'Otto',
    last_name: 'Operator',
    roles: ['operator'],
    org: 'default',
    group: 'Harbour Cold Store',
  },
  {
    username: 'billing',
    first_name: 'Berta',
    last_name: 'Billing',
    roles: ['billing_manager'],
    org: 'default',
    group: 'Finance',
  },
  {
    username: 'client',
    first_name: 'Carla',
    last_name: 'Client',
    roles: ['client'],
    org: 'default',
    group: 'Fjord Salmon AS',
  },
]

const groups = [
  ['department', 'Engineering'],
  ['department', 'Logistics'],
  ['department', 'Finance'],
  ['warehouse', 'Harbour Cold Store'],
  ['warehouse', 'Airport Cold Store'],
  ['client', 'Fjord Salmon AS'],
  ['client', 'Alpine Dairy GmbH'],
  ['client', 'Berry Brothers Ltd'],
] as const

/** Demo people, groups and accounts, once and never in production. */
export async function seed(db: Kysely<DB>): Promise<void> {
  if (readConfig().ENVIRONMENT === 'production') {
    process.stderr.write(
      'Demo accounts are not for production: nothing seeded. Use `npm run admin:create`.\n',
    )
    return
  }
  const known = await db
    .selectFrom('accounts')
    .where('username', '=', 'admin')
    .select('id')
    .executeTakeFirst()
  if (known) return
  const hashes = new Map(
    await Promise.all(
      accounts.map(async ({ username }) => [username, await hashPassword(`${username}123`)] as const),
    ),
  )
  await db.transaction().execute(async (tx) => {
    await sql`select set_config('app.context', '{"via":"seed","reason":"demo data"}', true)`.execute(tx)
    await tx
      .insertInto('organizations')
      .values({ name: 'Southern Cross Logistics', slug: 'southern-cross' })
      .execute()
    const orgs = await tx.selectFrom('organizations').select(['id', 'slug']).execute()
    const org = (slug: string) => orgs.find((row) => row.slug === slug)?.id as string
    await seedAccess(tx, org('southern-cross'))
    await tx
      .insertInto('groups')
      .values(groups.map(([kind, name]) => ({ org_id: org('default'), kind, name })))
      .execute()
    for (const { username, roles, org: slug, group, ...names } of accounts) {
      const email = `${username}@example.com`
      await person(
        tx,
        org(slug),
        { username, email, ...names },
        { roles, group, hash: hashes.get(username) ?? null },
      )
    }
    const next = random(7)
    const departments = groups.filter(([kind]) => kind === 'department')
    for (const [index, one] of fictionalPeople(54, 2026).entries()) {
      const group = departments[Math.floor(next() * departments.length)]?.[1]
      const roles = [index === 0 ? 'owner' : next() < 0.7 ? 'member' : 'viewer']
      const lead = next() < 0.06
      const chance = next()
      const status = index === 0 || chance < 0.82 ? 'active' : chance < 0.93 ? 'invited' : 'disabled'
      const daysAgo = Math.floor(next() * 700) + 1
      await person(tx, org('default'), one, { roles, group, hash: null, lead, status, daysAgo })
    }
    for (const [index, one] of fictionalPeople(12, 4711).entries()) {
      const elsewhere = {
        ...one,
        username: `${one.username}.sc`,
        email: `${one.username}@southern-cross.example.com`,
      }
      await person(tx, org('southern-cross'), elsewhere, {
        roles: [index === 0 ? 'owner' : 'member'],
        hash: null,
      })
    }
  })
}

type Names = { username: string; email: string; first_name: string; last_name: string }
type Place = {
  roles: string[]
  group?: string
  hash: string | null
  lead?: boolean
  status?: 'active' | 'invited' | 'disabled'
  daysAgo?: number
}

async function person(
  db: Kysely<DB>,
  org_id: string,
  names: Names,
  { roles, group, hash, lead, status = 'active', daysAgo = 720 }: Place,
): Promise<void> {
  const { username, email } = names
  const managed = { managed_by_org_id: org_id, last_org_id: org_id }
  // whoever signs in is taken to have read their mail
  const email_verified_at = hash ? sql<string>`now()` : null
  const account = await db
    .insertInto('accounts')
    .values({ username, email, password_hash: hash, email_verified_at, ...managed })
    .returning('id')
    .executeTakeFirstOrThrow()
  const created_at = sql<string>`now() - make_interval(days => ${daysAgo})`
  const { id: user_id } = await db
    .insertInto('users')
    .values({ org_id, account_id: account.id, ...names, status, email_verified_at, created_at })
    .returning('id')
    .executeTakeFirstOrThrow()
  await sql`insert into user_roles (org_id, user_id, role_id)
    select org_id, ${user_id}, id from roles where org_id = ${org_id} and builtin and template = any(${roles})`.execute(
    db,
  )
  if (!group) return
  await sql`insert into group_members (org_id, group_id, user_id, role)
    select org_id, id, ${user_id}, ${lead ? 'lead' : 'member'} from groups where org_id = ${org_id} and name = ${group}`.execute(
    db,
  )
}
