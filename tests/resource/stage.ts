import { type RawBuilder, sql } from 'kysely'
import { expect } from 'vitest'
import type { RecordRow, Resource } from '#src/resource/entity.ts'
import type { Column } from '#src/resource/kinds/column.ts'
import { trail } from '#tests/access/trail.ts'
import { type Answer, as, browserOf } from '#tests/client.ts'
import { makeGroup, makeOrganization, makeUser, type Organization, roleOf, unique } from '#tests/factories.ts'
import { type Person, personWith } from '#tests/people.ts'
import { type App, testDatabase } from '#tests/setup/database.ts'

const { owner: past } = await testDatabase()

export type Body = Record<string, unknown>
/** A row as it is stored. */
export type Stored = RecordRow & Record<string, unknown>

/** What the suite has to know of an entity. */
export type Entity = {
  resource: Resource
  app: App
  /** A whole body that is taken, unlike any before, written as it will be stored. */
  sample: () => Body
  /** What a PATCH sets, unlike every sample. */
  change: Body
  /** Also tries thousands: once is enough for what all entities share. */
  thousands?: boolean
}

/** Who acts on the entity's records: all in `org`, which has two groups, but the foreigner. */
export type Cast = Record<
  | 'owner'
  | 'foreigner'
  /** Has no permission at all. */
  | 'nobody'
  /** Reads everything, and changes nothing. */
  | 'looker'
  /** Reads everything, and changes what is theirs. */
  | 'keeper'
  /** May do everything in the one group, and in the other. */
  | 'member'
  | 'outsider'
  /** A viewer of the one group, with the same permissions. */
  | 'viewer'
  /** May do everything with what is theirs. */
  | 'own'
  /** Writes in the one group, and reads nothing. */
  | 'blind',
  Person
>

/** An entity with people around it. Rows are made and looked at past its routes. */
export class Stage {
  readonly entity: Entity
  readonly org: Organization
  readonly foreign: Organization
  /** The member's group, and the outsider's. */
  readonly group: string
  readonly elsewhere: string
  readonly people: Cast

  private constructor(
    entity: Entity,
    place: Pick<Stage, 'org' | 'foreign' | 'group' | 'elsewhere'>,
    people: Cast,
  ) {
    this.entity = entity
    this.org = place.org
    this.foreign = place.foreign
    this.group = place.group
    this.elsewhere = place.elsewhere
    this.people = people
  }

  static async of(entity: Entity): Promise<Stage> {
    const [org, foreign] = await Promise.all([makeOrganization(), makeOrganization()])
    const [group, elsewhere] = await Promise.all([makeGroup(org), makeGroup(org)])
    const held = (actions: string[], scope: string) => permitted(org, entity, actions, scope)
    const everything = (scope: string) => held(['create', 'read', 'update', 'delete'], scope)
    const people = {
      owner: await makeUser(org, { roles: [roleOf(org, 'owner')] }),
      foreigner: await makeUser(foreign, { roles: [roleOf(foreign, 'owner')] }),
      nobody: await makeUser(org, { groups: [group] }),
      looker: await personWith(org, held(['read'], 'all')),
      keeper: await personWith(org, [...held(['read'], 'all'), ...held(['update', 'delete'], 'own')]),
      member: await personWith(org, everything('group'), { groups: [group] }),
      outsider: await personWith(org, everything('group'), { groups: [elsewhere] }),
      viewer: await personWith(org, everything('group'), { groups: [{ id: group, role: 'viewer' }] }),
      own: await personWith(org, everything('own')),
      blind: await personWith(org, held(['create', 'update', 'delete'], 'group'), { groups: [group] }),
    }
    return new Stage(entity, { org, foreign, group, elsewhere }, people)
  }

  get resource(): Resource {
    return this.entity.resource
  }

  get table(): string {
    return this.resource.table
  }

  get model(): string {
    return this.resource.model.name
  }

  /** Whether records belong to people, and to groups, by the columns that every business table has. */
  get ownable(): boolean {
    return this.resource.model.own.includes('owner_user_id') && 'owner_user_id' in this.resource.columns
  }
  get groupable(): boolean {
    return this.resource.model.group.includes('owner_group_id') && 'owner_group_id' in this.resource.columns
  }

  /** A body with a name that a search finds; nothing where a record has none of its own. */
  named(name: string): Body {
    const { title, taken = {} } = this.resource.declared
    if (typeof title !== 'string') return {}
    const only = Object.values(taken).some(([field]) => field === title)
    return { [title]: only ? `${name} ${unique('')}` : name }
  }

  /** What is done to many. */
  get bulkActions(): string[] {
    return this.resource.soft ? ['delete', 'restore'] : ['delete']
  }

  /** A path of the entity, below /api and for browsers. */
  api = (below = '') => `/api/v1${this.resource.path}${below}`
  page = (below = '') => `${this.resource.path}${below}`

  as = (person: Person) => as(person, this.entity.app)
  browser = (person: Person) => browserOf(person, this.entity.app)

  /** The codes of the entity's own permissions, as far as it has them. */
  codes = (actions: string[], scope: string) => permitted(this.org, this.entity, actions, scope)

  /** The columns that somebody writes, when a record is made or at any time. */
  written(when: 'create' | 'always' = 'always'): [string, Column][] {
    return Object.entries(this.resource.columns).filter(
      ([, { write }]) => write === 'always' || (when === 'create' && write === 'create'),
    )
  }

  /** As much of a body as a whole record takes. */
  whole(body: Body = this.entity.sample()): Body {
    const names = this.written().map(([name]) => name)
    return Object.fromEntries(Object.entries(body).filter(([name]) => names.includes(name)))
  }

  /** Puts rows of samples into an organization, in one statement. */
  async rows(bodies: readonly Body[], org: { id: string } = this.org): Promise<string[]> {
    const whole = bodies.map((body) => ({ ...this.entity.sample(), ...body }))
    const names = [...new Set(whole.flatMap((body) => Object.keys(body)))]
    const columns = sql.join(names.map((name) => sql.ref(name)))
    const { rows } = await sql<{ id: string }>`
      insert into ${sql.table(this.table)} (org_id, ${columns})
      select ${org.id}, ${columns} from json_populate_recordset(null::${sql.table(this.table)}, ${JSON.stringify(whole)})
      returning id`.execute(past)
    return rows.map(({ id }) => id)
  }

  /** One row, in the member's group. */
  async row(body: Body = {}, org?: { id: string }): Promise<string> {
    const inGroup = this.groupable && !org ? { owner_group_id: this.group } : {}
    const [id] = await this.rows([{ ...inGroup, ...body }], org)
    return id as string
  }

  async stored(id: string): Promise<Stored> {
    const [row] = await this.all(sql`t.id = ${id}`)
    if (!row) throw new Error(`${id} is gone`)
    return row
  }

  /** Whether there is such a row, deleted or not. */
  exists = async (id: string) => (await this.all(sql`t.id = ${id}`)).length > 0

  /** The rows of an organization. */
  of = (orgId: string) => this.all(sql`t.org_id = ${orgId}`)

  /** Numbers with places as the text that they are answered as. */
  get #exact(): RawBuilder<unknown> {
    const names = Object.entries(this.resource.columns).flatMap(([name, { kind }]) =>
      kind.json ? [name] : [],
    )
    const pairs = names.map((name) => sql`${name}::text, t.${sql.ref(name)}::text`)
    return pairs.length ? sql`jsonb_build_object(${sql.join(pairs)})` : sql`'{}'::jsonb`
  }

  async all(condition: RawBuilder<unknown> = sql`t.org_id = ${this.org.id}`): Promise<Stored[]> {
    const { rows } = await sql<{ row: Stored }>`
      select to_jsonb(t) || ${this.#exact} as row from ${sql.table(this.table)} t where ${condition}`.execute(
      past,
    )
    return rows.map(({ row }) => row)
  }

  /** Deletes rows, past the routes. */
  async remove(...ids: string[]): Promise<void> {
    const table = sql.table(this.table)
    const these = sql`where id = any(${ids}::uuid[])`
    if (this.resource.soft) await sql`update ${table} set deleted_at = now() ${these}`.execute(past)
    else await sql`delete from ${table} ${these}`.execute(past)
  }

  /** Deletes a row of another table that has such. */
  deleted = (table: string, id: string) =>
    sql`update ${sql.table(table)} set deleted_at = now() where id = ${id}`.execute(past)

  /** Begins something while somebody else holds the row, and waits for its end when they have let go. */
  async locking<T>(id: string, work: () => Promise<T>[]): Promise<T[]> {
    const started = await past.transaction().execute(async (tx) => {
      await sql`select from ${sql.table(this.table)} where id = ${id} for update`.execute(tx)
      const all = Promise.all(work())
      await new Promise((resolve) => setTimeout(resolve, 150))
      return { all }
    })
    return started.all
  }

  /** Does something that writes no row of the entity in either organization. */
  async untouched<T>(work: () => Promise<T>): Promise<T> {
    const before = await this.#digest()
    const result = await work()
    expect(await this.#digest()).toEqual(before)
    return result
  }

  /** A 403, in the trail, which doesn't say what is missing; and nothing changed. */
  async denied(by: Person, action: string, attempt: () => Promise<Answer>): Promise<Answer> {
    const wanted = `${this.model}:${action}`
    const { answer, lines } = await this.#refused(by, 403, attempt)
    const { id, org } = by
    expect(lines).toMatchObject([
      { action: 'access:denied', actor_user_id: id, actor_org_id: org.id, data: { wanted } },
    ])
    expect(answer.text).not.toContain(wanted)
    return answer
  }

  /** A 404, as for what never was: not in the trail, and nothing changed. */
  async hidden(by: Person, attempt: () => Promise<Answer>): Promise<Answer> {
    const { answer, lines } = await this.#refused(by, 404, attempt)
    expect(lines).toEqual([])
    return answer
  }

  async #refused(by: Person, status: number, attempt: () => Promise<Answer>) {
    const answer = await this.untouched(attempt)
    expect(answer.status, answer.text.slice(0, 300)).toBe(status)
    return { answer, lines: await trail(by.org, { request: answer.headers.get('x-request-id') as string }) }
  }

  // with the transaction that wrote each row: equal only if nothing at all was written
  async #digest(): Promise<unknown> {
    const { rows } = await sql`
      select md5(string_agg(xmin || ' ' || t::text, ';' order by id)) as digest from ${sql.table(this.table)} t
      where org_id in (${this.org.id}, ${this.foreign.id})`.execute(past)
    return rows[0]
  }
}

const permitted = (org: Organization, { resource }: Entity, actions: string[], scope: string) =>
  actions
    .map((action) => `${resource.model.name}:${action}:${scope}`)
    .filter((code) => org.permissions.has(code))
