import { sql } from 'kysely'
import type { UserActor } from '#src/access/actor.ts'
import type { Database } from '#src/db/database.ts'
import { statement } from '#src/resource/list.ts'
import { type Resource, resourceOf } from '#src/resource/resource.ts'
import type { Offered } from '#src/resource/views/form.tsx'

const MOST = 200

/** The records that each reference of an entity may name, as far as the reader sees them, in one statement. */
export async function offeredFor(
  db: Pick<Database, 'readAs'>,
  actor: UserActor,
  { columns }: Resource,
): Promise<Offered> {
  const models = Object.values(columns).flatMap(({ kind, of, write }) =>
    kind === 'reference' && of && write !== 'never' ? [of] : [],
  )
  const parts = [...new Set(models)].flatMap((model) => {
    const target = resourceOf(model)
    const grant = target && actor.find(target.may('read'))
    if (!target || !grant) return []
    const there = target.soft ? sql`t.deleted_at is null` : sql`true`
    return [
      sql`(select ${sql.lit(model)} as model, t.id as value, ${target.titleSql('t')} as label from ${sql.table(target.table)} t
        where ${there} and ${grant.where('t')} order by 3 limit ${sql.lit(MOST)})`,
    ]
  })
  if (!parts.length) return {}
  const text = sql<{ model: string; value: string; label: string }>`${sql.join(parts, sql` union all `)}`
  const rows = await db.readAs<{ model: string; value: string; label: string }>(actor, (q) =>
    statement(q, text),
  )
  return Object.groupBy(rows, ({ model }) => model) as Offered
}
