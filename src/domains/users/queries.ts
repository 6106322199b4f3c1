import type { Grant } from '#src/access/grant.ts'
import type { Db } from '#src/db/database.ts'

/** Groups to offer in a form. */
export const offeredGroups = (db: Db, grant: Grant<'group', 'read'>) =>
  db
    .selectFrom('groups')
    .where('deleted_at', 'is', null)
    .where(grant.where())
    .select(['id', 'name', 'kind'])
    .orderBy('name')
    .limit(200)
