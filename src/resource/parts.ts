import type { z } from 'zod'
import type { UserActor } from '#src/access/actor.ts'
import type { Grant } from '#src/access/grant.ts'
import type { Model } from '#src/access/permission.ts'
import type { Database, Door, Tx } from '#src/db/database.ts'
import type { Services } from '#src/http/endpoint.ts'
import type { EntityCall } from '#src/resource/call.ts'
import type { RecordRow, Resource } from '#src/resource/entity.ts'
import type { Importing } from '#src/resource/import/import.ts'
import type { ListView } from '#src/resource/list/declaration.ts'
import type { ListTab, May } from '#src/resource/list/views.tsx'
import type { FieldsProps, Held, Offered } from '#src/resource/record/form-views.tsx'
import type { FoundRecord } from '#src/resource/record/query.ts'
import type { Tab } from '#src/resource/record/views.tsx'
import type { SavedRecord } from '#src/resource/record/write.ts'
import type { Query } from '#src/resource/references/options.ts'
import type { Pickings } from '#src/resource/references/picking.ts'
import type { Choice, Severals } from '#src/resource/references/several.ts'
import type { BulkAction } from '#src/ui/bulk.tsx'
import type { Frame } from '#src/ui/frame.ts'
import type { Child } from '#src/ui/html.ts'
import type { Column } from '#src/ui/table.tsx'
import type { Filter } from '#src/ui/toolbar.tsx'

/** The writes of an entity. Each can be replaced by a hand-written one that takes the same Grant. */
export type Actions<M extends Model> = {
  create: (tx: Tx, actor: UserActor, grant: Grant<M, 'create'>, input: never) => Promise<SavedRecord>
  update: (
    tx: Tx,
    actor: UserActor,
    grant: Grant<M, 'update'>,
    id: string,
    change: never,
    version: number | null,
  ) => Promise<SavedRecord>
  remove: (
    tx: Tx,
    actor: UserActor,
    grant: Grant<M, 'delete'>,
    id: string,
    version: number | null,
  ) => Promise<unknown>
  restore: (tx: Tx, actor: UserActor, grant: Grant<M, 'delete'>, id: string) => Promise<SavedRecord>
}

/** An action on many records, applied to each like the single action. */
export type Bulk = Omit<BulkAction, 'action'> & {
  /** For the question and its button, if not the label: "Assign a role to 3 people". */
  verb?: string
  /** Between the verb and its objects. */
  preposition?: 'to' | 'from'
  /** The consequence, whichever records are chosen. */
  confirm?: string
  impact?: Impact<never, never>
  /** The model's action it requires. */
  needs: string
  /** Past tense, as in "12 people disabled"; or the whole sentence, given the name of what was chosen. */
  doneLabel: string | ((people: string, chosen: string) => string)
  /** For records already in that state: "3 already disabled". */
  already?: string
  /** Offered only for deleted records; otherwise only for others. */
  deleted?: boolean
  /** What has to be chosen first; a page asks for it if it wasn't sent. */
  prompt?: {
    name: string
    label: string
    options: (db: Door, actor: UserActor) => Promise<readonly { value: string; label: string }[]>
  }
  one: (
    tx: Tx,
    actor: UserActor,
    grant: never,
    id: string,
    given: Record<string, unknown>,
  ) => Promise<unknown>
}

/** Reads, either directly or within a transaction. */
export type Reads = Pick<Database, 'readAs'>

/** What people lose with these records, as far as the Grant reaches: a sentence, from one statement. */
type Impact<M extends Model, A extends string = 'delete'> = (
  db: Reads,
  actor: UserActor,
  grant: Grant<M, A>,
  ids: readonly string[],
) => Promise<string | null>

/** Finds the records chosen in a list: all that its query matches, and the names of some. */
export type Chosen<M extends Model> = {
  every: (db: Reads, actor: UserActor, grant: Grant<M, 'read'>, view: ListView) => AsyncGenerator<RecordRow[]>
  names: (
    db: Reads,
    actor: UserActor,
    grant: Grant<M, 'read'>,
    ids: readonly string[],
  ) => Promise<ReadonlyMap<string, string>>
}

/** The reader of a page, and its frame. */
type Seen = { actor: UserActor; frame: Frame; may: May }
/** The same for someone filling in a form. */
type Filling = Seen & { offered: Offered; pickings: Pickings; severals: Severals; services: Services }

/**
 * An entity's replacements for parts of the kernel. `X` is what its pages load besides the record.
 */
export type Parts<M extends Model, X = undefined> = {
  actions?: Partial<Actions<M>>
  bodies?: Partial<Resource['body']>
  /** Further statuses of creating a record. */
  otherStatuses?: readonly number[]
  /** Runs before the transaction that creates a record, for hashing, say. Its result is the action's input. */
  prepare?: (body: never, services: Services, actor: UserActor) => Promise<unknown>
  /** Loads what a record's pages show besides it. */
  load?: (call: EntityCall<M>, found: FoundRecord & { row: () => RecordRow }) => Promise<X>
  /** Whether, by what was loaded, the reader can't change or delete this record. */
  withheld?: (extra: X) => boolean
  /** Columns of the list. */
  columns?: (seen: Seen) => Column<RecordRow>[]
  /** Lists shown as tabs next to this one. */
  listTabs?: (seen: Seen) => readonly ListTab[]
  /** Further actions in the head of the list. */
  listHead?: (seen: Seen) => Child
  panels?: (
    row: RecordRow,
    seen: Seen & { record: Pick<FoundRecord, 'update' | 'delete'>; extra: X },
  ) => Child
  head?: (row: RecordRow, seen: Seen & { record: Pick<FoundRecord, 'update' | 'delete'>; extra: X }) => Child
  tabs?: (row: RecordRow, actor: UserActor) => readonly Tab[]
  /** Options of references and further fields of the form. */
  offer?: (call: EntityCall<M>, row?: RecordRow) => Promise<Offered>
  /** Rules for the options of references, and fields that take several records. */
  choices?: (row?: RecordRow) => {
    one?: Readonly<Record<string, Query>>
    several?: Readonly<Record<string, Choice>>
  }
  fields?: (props: FieldsProps, seen: Filling) => Child
  more?: (props: FieldsProps, seen: Filling) => Child
  /** Values of form fields that aren't columns, to compare after an edit conflict. */
  held?: (row: RecordRow) => Held
  bulk?: Readonly<Record<string, Bulk>>
  /** What is lost when records are deleted. */
  impact?: Impact<M>
  /** How bulk actions find their records, if not in the entity's table. */
  chosen?: Chosen<M>
  /** Further filters of the list, whose values are looked up. */
  filters?: (call: EntityCall<M>, chosen: ListView['filters']) => Promise<readonly Filter[]>
  /** Whether no one can delete the record. */
  undeletable?: (row: RecordRow) => boolean
  /** Whether no one can change the record any more. */
  readOnly?: (row: RecordRow) => boolean
  /** How rows of a file are read and written, if not by `create`. */
  import?: Importing<M>
  /** Parts that the entity lacks, or has as hand-written routes. */
  without?: readonly ('list' | 'read' | 'create' | 'update' | 'delete' | 'bulk' | 'import' | 'history')[]
  /** Schema of further success responses, for the API documentation. */
  answer?: z.ZodType
}
