import { type RawBuilder, sql } from 'kysely'
import type { UserActor } from '#src/access/actor.ts'
import type { Grant } from '#src/access/grant.ts'
import type { Door } from '#src/db/database.ts'
import { type Page, type PageRow, page } from '#src/db/paging.ts'
import type { OrganizationRecord } from '#src/domains/organizations/model.ts'
import { notFound } from '#src/http/errors.ts'
import type { ListView } from '#src/http/list.ts'
import { list } from '#src/resource/list.ts'
import { searchFor } from '#src/resource/search.ts'

/** Whether somebody acts in the platform organization, from where all others are managed. */
export const onPlatform = ({ identity }: UserActor) => identity.organization.kind === 'platform'

/** An organization as JSON, for rows of `organizations`. */
export const organizationJson = sql<string>`app.organization_json(organizations)`

const wordsOf = ({ q }: ListView) => [...(searchFor('organization', q)?.words ?? [])]

const read = <Row>(db: Door, actor: UserActor, statement: RawBuilder<Row>) =>
  db.readAs<Row>(actor, (q) => ({ compile: () => statement.compile(q) }))

/** One page of all organizations, by the function that asks again who it is. */
async function all(db: Door, actor: UserActor, view: ListView): Promise<Page<OrganizationRecord>> {
  const backwards = view.before !== null && view.after === null
  const cursor = view.after ?? view.before
  const from = (at: typeof cursor, most: number, skip: number) =>
    read(
      db,
      actor,
      sql<PageRow>`select id, key, doc as json, total from app.list_organizations(${wordsOf(view)}, ${view.filters.status ?? null},
        ${view.column}, ${view.descending !== backwards}, ${at?.key ?? null}, ${at?.id ?? null}, ${most}, ${skip})`,
    )
  const rows = await from(cursor, view.limit + 1, view.offset)
  // an empty page behind a cursor asks for its total
  const [first] = rows.length ? rows : await from(null, 1, 0)
  return page(rows, view, first?.total ?? 0)
}

/** The own organization, as row security shows it. */
const own = (db: Door, actor: UserActor, grant: Grant<'organization', 'read'>, view: ListView) =>
  list<OrganizationRecord, 'organizations'>(db, actor, view, {
    table: 'organizations',
    grant,
    json: organizationJson,
    matching: (q) => {
      const found = q.selectFrom('organizations').where(grant.where())
      const words = wordsOf(view)
      const named = sql<boolean>`organizations.search_name like all (array(
        select '% ' || app.fold(w) || '%' from unnest(${words}::text[]) w))`
      const matching = words.length ? found.where(named) : found
      return view.filters.status
        ? matching.where('organizations.status', 'in', view.filters.status)
        : matching
    },
  })

/** The organizations of a list: all of them for the platform, for others their own. */
export const organizationsOf = (
  db: Door,
  actor: UserActor,
  grant: Grant<'organization', 'read'>,
  view: ListView,
): Promise<Page<OrganizationRecord>> =>
  onPlatform(actor) ? all(db, actor, view) : own(db, actor, grant, view)

/**
 * One organization.
 * @throws 404 for what is out of reach
 */
export async function readOrganization(
  db: Door,
  actor: UserActor,
  grant: Grant<'organization', 'read'>,
  id: string,
) {
  const [found] = onPlatform(actor)
    ? await read(
        db,
        actor,
        sql<{ json: string; version: number }>`select doc as json, version from app.read_organization(${id})`,
      )
    : await db.readAs(actor, (q) =>
        q
          .selectFrom('organizations')
          .where('organizations.id', '=', id)
          .where(grant.where())
          .select(['organizations.version', organizationJson.as('json')]),
      )
  if (!found) throw notFound()
  return { ...found, organization: (): OrganizationRecord => JSON.parse(found.json) }
}

/** What a page offers: managing others is for the platform alone. */
export const may = (actor: UserActor) => ({
  manage: onPlatform(actor),
  create: onPlatform(actor) && actor.can('organization:create'),
  update: actor.can('organization:update'),
  enter: onPlatform(actor) && actor.can('organization:enter'),
})
