import type { Grant } from '#src/access/grant.ts'
import { givable } from '#src/access/granting.ts'
import type { Db } from '#src/db/database.ts'

/** Roles to offer in a form; whether each may be given is for `mayGive` to say. */
export const offeredRoles = (db: Db, grant: Grant<'role', 'read'>) =>
  db
    .selectFrom('roles')
    .where('deleted_at', 'is', null)
    .where('status', '=', 'active')
    .where(grant.where())
    .select(['id', 'name', 'description', givable('roles').as('held')])
    .orderBy('name')
    .limit(200)

export const offeredGroups = (db: Db, grant: Grant<'group', 'read'>) =>
  db
    .selectFrom('groups')
    .where('deleted_at', 'is', null)
    .where(grant.where())
    .select(['id', 'name', 'kind'])
    .orderBy('name')
    .limit(200)
