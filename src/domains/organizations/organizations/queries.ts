import { type RawBuilder, sql } from 'kysely'
import type { UserActor } from '#src/access/actor.ts'
import type { Grant } from '#src/access/grant.ts'
import type { Door } from '#src/db/database.ts'
import { fn } from '#src/db/functions.ts'
import { type Page, type PageRow, page } from '#src/db/paging.ts'
import { type OrganizationRecord, organizations } from '#src/domains/organizations/organizations/model.ts'
import { notFound } from '#src/errors.ts'
import { actorName, type History, historyFrom, historyOf, type Line } from '#src/resource/history/query.ts'
import type { ListView } from '#src/resource/list/declaration.ts'
import { everyRow, inPieces, list, type Source } from '#src/resource/list/query.ts'
import { wordsOf } from '#src/resource/list/search.ts'
import { namesOf } from '#src/resource/list/source.ts'
import type { Chosen, Reads } from '#src/resource/parts.ts'

/** Whether somebody acts in the platform organization, from where all others are managed. */
export const onPlatform = ({ identity }: UserActor) => identity.organization.kind === 'platform'

/** An organization as JSON, for rows of `organizations`. */
export const organizationJson = sql<string>`app.organization_json(organizations)`

const read = <Row>(db: Reads, actor: UserActor, statement: RawBuilder<Row>) =>
  db.readAs<Row>(actor, (q) => ({ compile: () => statement.compile(q) }))

/** A page's rows of all organizations and one more, by the function that asks again who it is. */
function rowsOfAll(db: Reads, actor: UserActor, view: ListView): Promise<PageRow[]> {
  const backwards = view.before !== null && view.after === null
  const at = view.after ?? view.before
  const listed = fn.list_organizations({
    words: wordsOf(view.q),
    statuses: view.filters.status ?? null,
    sort_column: view.column,
    descending: view.descending !== backwards,
    beyond_key: at?.key ?? null,
    beyond_id: at?.id ?? null,
    most: view.limit + 1,
    skip: view.offset,
  })
  return read(db, actor, sql<PageRow>`select id, key, doc as json, total from ${listed}`)
}

async function pageOfAll(db: Door, actor: UserActor, view: ListView): Promise<Page<OrganizationRecord>> {
  const rows = await rowsOfAll(db, actor, view)
  // an empty page behind a cursor asks for its total
  const beginning = { ...view, after: null, before: null, offset: 0, limit: 1 }
  const [first] = rows.length ? rows : await rowsOfAll(db, actor, beginning)
  return page(rows, view, first?.total ?? 0)
}

/** The own organization, as row security shows it. */
const own = (grant: Grant<'organization', 'read'>, view: ListView): Source<'organizations'> => ({
  table: 'organizations',
  grant,
  json: organizationJson,
  matching: (q) => {
    const found = q.selectFrom('organizations').where(grant.where())
    const words = wordsOf(view.q)
    const named = sql<boolean>`organizations.search_name like all (array(
      select '% ' || app.fold(w) || '%' from unnest(${words}::text[]) w))`
    const matching = words.length ? found.where(named) : found
    return view.filters.status ? matching.where('organizations.status', 'in', view.filters.status) : matching
  },
})

/** The organizations of a list: all of them for the platform, for others their own. */
export const organizationsOf = (
  db: Door,
  actor: UserActor,
  grant: Grant<'organization', 'read'>,
  view: ListView,
): Promise<Page<OrganizationRecord>> =>
  onPlatform(actor) ? pageOfAll(db, actor, view) : list(db, actor, view, own(grant, view))

/** All that a list matches, and the names of some: for files and bulk. */
export const chosen: Chosen<'organization'> = {
  every: (db, actor, grant, view) =>
    onPlatform(actor)
      ? inPieces(view, (place) => rowsOfAll(db, actor, place))
      : everyRow(db, actor, view, own(grant, view)),
  names: async (db, actor, grant, ids) => {
    if (!onPlatform(actor)) return namesOf(db, actor, organizations, grant, ids)
    const found = sql<{ id: string; name: string }>`select i.id, o.doc::json ->> 'name' as name
      from unnest(${ids}::uuid[]) i(id), app.read_organization(i.id) o`
    return new Map((await read(db, actor, found)).map(({ id, name }) => [id, name]))
  },
}

/**
 * What happened to an organization: by its own trail, which the platform reads through a function that asks again who
 * it is, and that names nobody but the platform's people.
 */
export function organizationHistory(
  db: Door,
  actor: UserActor,
  id: string,
  before?: string,
): Promise<History> {
  if (!onPlatform(actor)) return historyOf(db, actor, organizations, id, before)
  const lines = sql<Line>`
    select e.id, e.created_at, e.action, e.via, e.reason, e.request_id, 'organization' as target_type, e.data,
      case when e.by_somebody then json_build_object('id', e.actor_user_id, 'name',
        ${actorName(actor, sql`e.actor_user_id`)}) end as actor
    from ${fn.organization_history({ target: id, beyond: before ?? null })} e
    order by e.created_at desc, e.seq desc`
  return historyFrom(db, actor, lines)
}

/**
 * One organization.
 * @throws {NotFound} for what is out of reach
 */
export async function readOrganization(
  db: Door,
  actor: UserActor,
  grant: Grant<'organization', 'read' | 'update'>,
  id: string,
) {
  const [found] = onPlatform(actor)
    ? await read(
        db,
        actor,
        sql<{
          json: string
          version: number
        }>`select doc as json, version from ${fn.read_organization({ target: id })}`,
      )
    : await db.readAs(actor, (q) =>
        q
          .selectFrom('organizations')
          .where('organizations.id', '=', id)
          .where(actor.sees(grant))
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
