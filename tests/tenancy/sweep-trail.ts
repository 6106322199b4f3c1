import { sql } from 'kysely'
import { type AccessModel, isAsParent } from '#src/access/model.ts'
import { type Database, lines, list, tables } from '#tests/tenancy/catalog.ts'
import { exemptFromAudit, namedByTarget, notAudited } from '#tests/tenancy/reviewed.ts'

/** Which columns the audit trail keeps, against the catalog. */
export async function audit(db: Database): Promise<string[]> {
  const exempt = list(exemptFromAudit)
  const events = sql`(values ('audit_insert', 4), ('audit_update', 16), ('audit_delete', 8)) e(name, bit)`
  const trigger = sql`pg_trigger g join (${tables}) t on t.oid = g.tgrelid and g.tgname like 'audit\\_%'`
  const arguments_ = sql`string_to_array(rtrim(replace(encode(g.tgargs, 'escape'), '\\000', ','), ','), ',')`
  return [
    ...(await lines(
      db,
      sql`
      select concat_ws(' ', t.name, 'is written without', e.name) from (${tables}) t cross join ${events}
      where (t.tenant or t.name = 'organizations' and e.name = 'audit_update') and t.name not in (${exempt}) and not exists (
        select from pg_trigger g where g.tgrelid = t.oid and g.tgname = e.name and g.tgenabled = 'O' and g.tgtype & 1 = 0
          and g.tgtype & (4 | 8 | 16) = e.bit and g.tgfoid = to_regprocedure('app.audit_' || t.name || '()'))`,
    )),
    ...(await lines(
      db,
      sql`
      select concat_ws(' ', t.name, a.attname, 'is neither audited nor ignored') from ${trigger}
      join pg_attribute a on a.attrelid = t.oid and a.attnum > 0 and not a.attisdropped
      where not a.attname = any (${arguments_}) and not t.name || '.' || a.attname = any (array[${list(notAudited)}]::text[])
        and a.attname not in ('org_id', 'id', 'created_at', 'updated_at', 'version')`,
    )),
    ...(await lines(
      db,
      sql`
      select concat_ws(' ', t.name, c, 'is said to be audited and is not') from ${trigger} cross join unnest(${arguments_}) c join pg_proc p on p.oid = g.tgfoid
      where strpos(p.prosrc, format('%L, n.%I', c, c)) = 0 or strpos(p.prosrc, format('%L, o.%I', c, c)) = 0
        or t.name || '.' || c = any (array[${list(notAudited)}]::text[])`,
    )),
    ...(await lines(
      db,
      sql`
      select concat_ws(' ', c, 'is said to be the target of events and is not') from unnest(array[${list(namedByTarget)}]::text[]) c
      where not exists (select from pg_proc p where p.oid = to_regprocedure('app.audit_' || split_part(c, '.', 1) || '()')
        and p.prosrc like '%(ctx ->> ''ip'')::inet, %, n.' || split_part(c, '.', 2) || ', %')`,
    )),
  ]
}

/** The trail itself: written once, and never again. */
const TRAIL = 'events'

/**
 * Columns by which a model says whose its rows are, and where, and whose changes leave no event: what somebody could
 * reach at a time can't be told without.
 */
export function unrecorded(
  models: readonly Pick<AccessModel, 'name' | 'table' | 'own' | 'group'>[],
  exempt: readonly string[] = exemptFromAudit,
  ignored: readonly string[] = notAudited,
): string[] {
  return models.flatMap(({ name, table, own, group }) => {
    const columns = [...own, ...group].flatMap((way) =>
      typeof way === 'string' || isAsParent(way)
        ? [[table, typeof way === 'string' ? way : way.by]]
        : [
            [table, way.of],
            ...[way.key, way.column, way.begins].flatMap((column) => (column ? [[way.table, column]] : [])),
          ],
    )
    return columns
      .filter(([of = '', column = '']) => {
        const full = `${of}.${column}`
        return (
          of !== TRAIL && (exempt.includes(of) || (ignored.includes(full) && !namedByTarget.includes(full)))
        )
      })
      .map(([of, column]) => `${of} ${column} decides who reaches a ${name}, and its changes leave no event`)
  })
}
