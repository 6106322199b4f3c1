import { sql } from 'kysely'
import { z } from 'zod'
import { newUser, user, users } from '#src/domains/people/users/model.ts'
import { defineResource } from '#src/resource/entity.ts'

/** Users that are no people: they have no address and no password, and act by keys that administrators make. */
export const serviceAccounts = defineResource(user, {
  ...users.declared,
  path: '/service-accounts',
  one: 'service account',
  many: 'service accounts',
  icon: 'server',
  subtitle: 'Programs with a name of their own that act only through API keys.',
  baseFilter: (table) => sql`${sql.ref(`${table}.kind`)} = 'service'`,
})

const { username, first_name, role_ids, groups } = newUser.shape
export const newServiceAccount = z.strictObject({ username, first_name, role_ids, groups })
export type NewServiceAccount = z.infer<typeof newServiceAccount>
