import { z } from 'zod'
import type { UserActor } from '#src/access/actor.ts'
import type { Grant } from '#src/access/grant.ts'
import type { Model, Permission } from '#src/access/permission.ts'
import {
  type Call,
  can,
  del,
  type Endpoint,
  get,
  patch,
  post,
  put,
  type Refusal,
} from '#src/http/endpoint.ts'
import type { ListView } from '#src/http/list.ts'
import { pageJson, pageLinks } from '#src/http/page.ts'
import { actionsOf } from '#src/resource/actions.ts'
import { bulkOf, bulkRoute } from '#src/resource/bulk-route.tsx'
import { csvOf } from '#src/resource/export.ts'
import { historyRoute } from '#src/resource/history-route.tsx'
import { everyRow, list } from '#src/resource/list.ts'
import { offeredFor } from '#src/resource/offer.ts'
import type { Actions, Parts } from '#src/resource/parts.ts'
import { placesOf } from '#src/resource/places.ts'
import { type Found, readRecord, sourceOf } from '#src/resource/query.ts'
import type { Resource, Row } from '#src/resource/resource.ts'
import { capital } from '#src/resource/views/cell.tsx'
import { formScreen } from '#src/resource/views/form.tsx'
import { listScreen, type May } from '#src/resource/views/list.tsx'
import { recordScreen } from '#src/resource/views/record.tsx'
import type { Written } from '#src/resource/write.ts'

type Given<M extends Model> = Omit<Call<{ can: Permission }>, 'grant' | 'query' | 'body'> & {
  grant: Grant<M>
  query: ListView
  body: unknown
}

/** The answer of a list: its records, and the page. */
export const pageAnswer = (record: z.ZodType) =>
  z.strictObject({
    data: z.array(record),
    page: z.strictObject({
      limit: z.int(),
      next: z.string().nullable(),
      previous: z.string().nullable(),
      total: z.int(),
      total_is_lower_bound: z.boolean(),
    }),
  })

/** What somebody may do with an entity's records, somewhere. */
export const mayOf = <M extends Model>(resource: Resource<M>, actor: UserActor): May => ({
  create: actor.can(resource.may('create')),
  update: actor.can(resource.may('update')),
  delete: actor.can(resource.may('delete')),
})

/**
 * Everything that an entity has for its declaration: list, record, form, writes, bulk, files and history, each as
 * page and JSON. Parts that are given stand in place of the kernel's own.
 */
export function resourceRoutes<M extends Model, X = undefined>(
  resource: Resource<M>,
  parts: Parts<M, X> = {},
): Endpoint[] {
  const { without = [] } = parts
  const has = (part: (typeof without)[number]) => !without.includes(part)
  const kernel = new Kernel(resource, parts)
  return [
    kernel.list(),
    ...(has('create') ? kernel.create() : []),
    ...(has('bulk') ? [bulkRoute(resource, parts as Parts<M, never>)] : []),
    kernel.read(),
    ...(has('update') ? kernel.update() : []),
    ...(has('delete') ? kernel.remove() : []),
    ...(has('history') ? [historyRoute(resource, parts as Parts<M, never>)] : []),
  ]
}

class Kernel<M extends Model, X> {
  readonly #resource: Resource<M>
  readonly #parts: Parts<M, X>
  readonly #places: ReturnType<typeof placesOf>
  readonly #actions: Actions<M>
  readonly #body: Resource['body']

  constructor(resource: Resource<M>, parts: Parts<M, X>) {
    this.#resource = resource
    this.#parts = parts
    this.#places = placesOf(resource.path)
    this.#actions = actionsOf(resource, parts as Parts<M, never>)
    this.#body = { ...resource.body, ...parts.bodies }
  }

  get #any(): Resource {
    return this.#resource as unknown as Resource
  }

  list(): Endpoint {
    const resource = this.#resource
    const parts = this.#parts
    const { many, path } = resource.declared
    const source = ({ actor, grant, query }: Given<M>) => sourceOf(resource, grant, query, actor)
    const options = {
      query: resource.query,
      answer: pageAnswer(resource.record),
      summary: `List ${many}`,
      csv: (call: unknown) => {
        const given = call as Given<M>
        const rows = everyRow<Row>(given.db, given.actor, given.query, source(given))
        return { name: path.slice(1), chunks: csvOf(this.#any, rows) }
      },
    }
    return get(path, can(resource.may('read')), options, async (call) => {
      const given = call as unknown as Given<M>
      const { c, db, actor, query } = given
      const found = await list<Row>(db, actor, query, source(given))
      const may = mayOf(resource, actor)
      return {
        json: pageJson(found),
        headers: pageLinks(c, found),
        screen: (frame) =>
          listScreen({
            resource: this.#any,
            found,
            view: query,
            may,
            frame,
            columns: parts.columns?.({ actor, frame, may }),
            bulk: this.#bulk(actor, query),
            imports: !parts.without?.includes('import'),
          }),
      }
    })
  }

  /** The actions on many records that the reader may take where they are: with what is there, or what is deleted. */
  #bulk(actor: UserActor, { filters }: ListView) {
    const deleted = Boolean(filters.deleted)
    return Object.entries(bulkOf(this.#resource, this.#parts as Parts<M, never>)).flatMap(([action, bulk]) =>
      actor.can(this.#resource.may(bulk.needs)) && (bulk.deleted ?? false) === deleted
        ? [{ ...bulk, action }]
        : [],
    )
  }

  read(): Endpoint {
    const resource = this.#resource
    const parts = this.#parts
    const { one } = resource.declared
    const options = { answer: resource.record, summary: `Read one ${one}` }
    return get(this.#places.one(':id'), can(resource.may('read')), options, async (call) => {
      const { db, actor, grant, id } = call as unknown as Given<M>
      const found = await readRecord(db, resource, actor, grant, id())
      const { json, version, row } = found
      return {
        json,
        etag: version,
        screen: async (frame) => {
          const extra = (await parts.load?.(call as unknown as Call, found)) as X
          const may = this.#mayHere(found)
          const seen = { actor, frame, may: mayOf(resource, actor), record: may, extra }
          const record = row()
          return recordScreen({
            resource: this.#any,
            row: record,
            may,
            frame,
            panels: parts.panels?.(record, seen),
            actions: parts.head?.(record, seen),
            tabs: parts.tabs?.(record, actor),
          })
        },
      }
    })
  }

  create(): Endpoint[] {
    const resource = this.#resource
    const parts = this.#parts
    const { one } = resource.declared
    const needs = can(resource.may('create'))
    const form = async (call: unknown, refusal?: Refusal) => this.#form(call as Given<M>, undefined, refusal)
    return [
      get(this.#places.new, needs, { only: 'page' }, async (call) => ({ screen: await form(call) })),
      post(
        resource.path,
        needs,
        {
          body: this.#body.create,
          refused: form,
          answer: resource.record,
          status: 201,
          also: [409],
          summary: `Add a ${one}`,
        },
        async (call) => {
          const { db, actor, grant, services } = call as unknown as Given<M>
          const input = parts.prepare ? await parts.prepare(call.body as never, services) : call.body
          const made = await db.withActor(actor, (tx) =>
            this.#actions.create(tx, actor, grant as Grant<M, 'create'>, input as never),
          )
          const seen = actor.can(resource.may('read'))
          return {
            ...this.#saved(made, `${capital(one)} added`),
            status: 201,
            location: seen ? this.#places.one(made.id) : resource.path,
          }
        },
      ),
    ]
  }

  update(): Endpoint[] {
    const resource = this.#resource
    const { one } = resource.declared
    const needs = can(resource.may('update'))
    const path = this.#places.one(':id')
    const form = async (call: unknown, refusal?: Refusal) => {
      const { db, actor, id } = call as Given<M>
      const grant = actor.find(resource.may('read')) ?? actor.require(resource.may('update'))
      const { row } = await readRecord(db, resource, actor, grant as unknown as Grant<M>, id())
      return this.#form(call as Given<M>, row(), refusal)
    }
    const options = { refused: form, answer: resource.record, also: [409, 412] }
    const write = async (call: unknown) => {
      const { db, actor, grant, id, body, version } = call as Given<M>
      const done = await db.withActor(actor, (tx) =>
        this.#actions.update(tx, actor, grant as Grant<M, 'update'>, id(), body as never, version),
      )
      return this.#saved(done, 'Saved')
    }
    return [
      get(this.#places.edit(':id'), needs, { only: 'page' }, async (call) => ({ screen: await form(call) })),
      put(path, needs, { ...options, body: this.#body.whole, summary: `Replace one ${one}` }, write),
      patch(path, needs, { ...options, body: this.#body.some, summary: `Change one ${one}` }, write),
    ]
  }

  remove(): Endpoint[] {
    const resource = this.#resource
    const { one, many } = resource.declared
    const needs = can(resource.may('delete'))
    const kept = resource.soft ? ' It stands under “Deleted”, where it can be restored.' : ''
    const remove = del(
      this.#places.one(':id'),
      needs,
      { summary: `Delete one ${one}`, also: [409, 412] },
      async (call) => {
        const { db, actor, grant, id, version } = call as unknown as Given<M>
        await db.withActor(actor, (tx) =>
          this.#actions.remove(tx, actor, grant as Grant<M, 'delete'>, id(), version),
        )
        return { location: resource.path, notice: `${capital(one)} deleted.${kept}` }
      },
    )
    if (!resource.soft) return [remove]
    const restore = post(
      this.#places.restore(':id'),
      needs,
      { answer: resource.record, summary: `Bring back one of the deleted ${many}`, also: [409] },
      async (call) => {
        const { db, actor, grant, id } = call as unknown as Given<M>
        const done = await db.withActor(actor, (tx) =>
          this.#actions.restore(tx, actor, grant as Grant<M, 'delete'>, id()),
        )
        return this.#saved(done, `${capital(one)} restored`)
      },
    )
    return [remove, restore]
  }

  /** What may be done with this record, of what the entity has at all. */
  #mayHere(found: Found): Pick<Found, 'update' | 'delete'> {
    const { without = [] } = this.#parts
    return {
      update: found.update && !without.includes('update'),
      delete: found.delete && !without.includes('delete'),
    }
  }

  #saved({ id, json, version }: Written, notice: string) {
    return { json, etag: version, location: this.#places.one(id), notice }
  }

  async #form(call: Given<M>, row?: Row, refusal?: Refusal) {
    const { db, actor } = call
    const parts = this.#parts
    const offered = {
      ...(await offeredFor(db, actor, this.#any)),
      ...(await parts.offer?.(call as unknown as Call, row)),
    }
    const may = mayOf(this.#resource, actor)
    return (frame: Parameters<typeof formScreen>[0]['frame']) => {
      const seen = { actor, frame, may, offered }
      const { fields, more } = parts
      return formScreen({
        resource: this.#any,
        frame,
        offered,
        row,
        refusal,
        fields: fields && ((props) => fields(props, seen)),
        more: more && ((props) => more(props, seen)),
      })
    }
  }
}
