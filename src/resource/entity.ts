import { type RawBuilder, type SqlBool, sql } from 'kysely'
import { z } from 'zod'
import type { UserActor } from '#src/access/actor.ts'
import type { AccessModel } from '#src/access/model.ts'
import type { Model, Permission } from '#src/access/permission.ts'
import type { KeyType } from '#src/db/paging.ts'
import type { Column } from '#src/resource/kinds/column.ts'
import { instant } from '#src/resource/kinds/instant.ts'
import { type ListDeclaration, type ListView, listQuery } from '#src/resource/list/declaration.ts'
import type { Narrowings } from '#src/resource/references/options.ts'
import type { IconName } from '#src/ui/icons.ts'

/** A record as JSON and pages see it. */
export type RecordRow = Record<string, unknown> & { id: string; version: number; deleted_at?: string | null }

/** Attached rows whose changes are part of a record's history, and the permission to see them. */
type Attached = { type: string; needs: Permission }

/** A filter by records of another entity: rows related to one of them. */
export type Related = {
  label: string
  /** Model of the other records. */
  of: string
  /** Ids of the related rows that the reader may see. */
  rows: (actor: UserActor, ids: readonly string[]) => RawBuilder<unknown>
}

export type Declaration = {
  path: string
  /** In running text: "vendor", "vendors". */
  one: string
  many: string
  icon: IconName
  /** Label for creating one, if it isn't "Add vendor". */
  adding?: string
  /** One line about the list. */
  subtitle?: string
  columns: Record<string, Column>
  /** The column that names a record, or how its name is built. */
  title: string | { sql: (table: string) => RawBuilder<string>; of: (row: RecordRow) => string }
  /** The column that tells records of the same name apart; by default the first text besides the name. */
  apart?: string
  defaultSort?: string
  /** In addition to those that columns declare. */
  sorts?: ListDeclaration['sorts']
  filters?: ListDeclaration['filters']
  related?: Record<string, Related>
  /** Limits the entity to some rows of its table: departments are groups of one kind. */
  baseFilter?: (table: string, view?: ListView) => RawBuilder<SqlBool>
  /** Its words are in the search index: see `app.searchable`. */
  searched?: boolean
  /** Extra filters of its `options`. */
  narrowings?: Narrowings
  /** Kept when deleted, and restorable. */
  soft?: boolean
  /** Further keys of the JSON, built by the database within the reader's own Grants. */
  more?: (actor: UserActor) => Record<string, RawBuilder<unknown>>
  moreAnswered?: z.ZodRawShape
  /** The whole record, if it isn't built from its columns; and its schema. */
  json?: (actor: UserActor) => RawBuilder<string>
  answered?: z.ZodType
  /** Further cells of an export: what `more` added, as text. */
  cells?: Record<string, (row: RecordRow) => string>
  attached?: readonly Attached[]
  /** Unique keys by index name: the field at fault, and the message if the value is taken. */
  taken?: Record<string, readonly [field: string, message: string]>
}

const built = {
  created_at: instant('Added', { listed: false, sortable: 'created_at' }),
  updated_at: instant('Changed', { listed: false }),
}

/** An entity: everything the kernel knows about it, derived from one declaration. */
export class Resource<M extends Model = Model> {
  readonly model: AccessModel & { name: M }
  readonly declared: Declaration
  readonly columns: Readonly<Record<string, Column>>
  readonly soft: boolean
  /** Schema of the list's query string. */
  readonly query: ReturnType<typeof listQuery>
  readonly list: ListDeclaration
  /** Schemas of bodies: for POST, for PUT, for PATCH. */
  readonly body: { create: z.ZodType; whole: z.ZodType; some: z.ZodType }
  /** Schema of a record in responses. */
  readonly record: z.ZodType

  constructor(model: AccessModel & { name: M }, declared: Declaration) {
    this.model = model
    this.declared = declared
    this.soft = declared.soft ?? true
    this.columns = { ...named(declared.columns), ...built }
    this.list = listOf(this, declared)
    this.query = listQuery(this.list)
    this.body = bodies(this.columns)
    // the first entity of a model gets the model's name
    const id = resources.has(model.name) ? declared.one.replaceAll(' ', '_') : model.name
    this.record = (declared.answered ?? answered(this)).meta({ id })
  }

  get table(): string {
    return this.model.table
  }

  get path(): string {
    return this.declared.path
  }

  /** The name of a record. */
  titleOf(row: RecordRow): string {
    const { title } = this.declared
    return typeof title === 'string' ? String(row[title] ?? '') : title.of(row)
  }

  /** The name of a record in SQL. */
  titleSql(table: string): RawBuilder<string> {
    const { title } = this.declared
    return typeof title === 'string' ? sql<string>`${sql.ref(`${table}.${title}`)}` : title.sql(table)
  }

  /** The permission for one of the model's actions. */
  may(action: string): Permission {
    return `${this.model.name}:${action}` as Permission
  }
}

const resources = new Map<string, Resource>()
/** Names of models by the paths of their lists. */
const models = new Map<string, string>()

/** Declares an entity; `resourceRoutes` turns it into endpoints. */
export function defineResource<M extends Model>(
  model: AccessModel & { name: M },
  declared: Declaration,
): Resource<M> {
  const resource = new Resource(model, declared)
  // the first entity stands for its model: those with a base filter (departments) come later
  if (!resources.has(model.name)) resources.set(model.name, resource)
  models.set(declared.path, model.name)
  return resource
}

/** The entity of a model, for references to it; undefined where none is declared. */
export const resourceOf = (model: string): Resource | undefined => resources.get(model)

const RECORD = /(\/[a-z-]+)\/([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})(?=\/|$)/i

/** The record at a path, or above it; null if the path names none. */
export function recordAt(path: string): { model: string; id: string } | null {
  const [, list = '', id = ''] = RECORD.exec(path) ?? []
  const model = models.get(list)
  return model === undefined ? null : { model, id: id.toLowerCase() }
}

export const allResources = (): readonly Resource[] => [...resources.values()]

const named = (columns: Record<string, Column>): Record<string, Column> =>
  Object.fromEntries(
    Object.entries(columns).map(([name, column]) => {
      const own = column.kind.sortedBy?.(name) ?? name
      return [name, column.sortable === '' ? { ...column, sortable: own } : column]
    }),
  )

function listOf({ columns, soft }: Resource, declared: Declaration): ListDeclaration {
  const sorts: ListDeclaration['sorts'] = {}
  const filters: ListDeclaration['filters'] = {}
  for (const [name, column] of Object.entries(columns)) {
    if (column.sortable !== false) sorts[name] = [column.sortable, column.kind.type as KeyType]
    if (column.filterable) filters[name] = column.kind.filter(column)
  }
  for (const name of Object.keys(declared.related ?? {})) filters[name] = { kind: 'uuid', column: null }
  if (soft) filters.deleted = { kind: 'choice', values: ['true'], column: null }
  const [first = 'created_at'] = Object.keys(sorts)
  return {
    sorts: { ...sorts, ...declared.sorts },
    defaultSort: declared.defaultSort ?? first,
    filters: { ...filters, ...declared.filters },
    searched: declared.searched ?? false,
  }
}

/** Schemas of request bodies: without columns that are never written, and without create-only ones later. */
function bodies(columns: Readonly<Record<string, Column>>): Resource['body'] {
  const shape = (written: (column: Column) => z.ZodType | null) =>
    z.strictObject(
      Object.fromEntries(
        Object.entries(columns).flatMap(([name, column]) => {
          const schema = written(column)
          return schema ? [[name, schema]] : []
        }),
      ),
    )
  const initially = ({ input, required, write, of, initial }: Column) =>
    write === 'never' ? null : required ? input : of ? input.optional() : input.default(initial)
  return {
    create: shape(initially),
    // a PUT that doesn't name an owner leaves the owner unchanged
    whole: shape((column) => (column.write === 'create' ? null : initially(column))),
    some: shape(({ write, input }) => (write === 'always' ? input.optional() : null)),
  }
}

function answered({ columns, soft, declared }: Resource): z.ZodType {
  const shape: Record<string, z.ZodType> = { id: z.guid() }
  for (const [name, { of, output }] of Object.entries(columns)) {
    shape[name] = output
    if (of) shape[nameOfReference(name)] = named_.nullable()
  }
  if (soft) shape.deleted_at = z.iso.datetime({ offset: true }).nullable()
  return z.strictObject({ ...shape, ...declared.moreAnswered, version: z.int() })
}

const named_ = z.strictObject({ id: z.guid(), name: z.string().optional() })

/** `owner_user_id` comes with `owner_user`: the record's id, and its name if the reader may see it. */
export const nameOfReference = (name: string) => name.replace(/_id$/, '')
