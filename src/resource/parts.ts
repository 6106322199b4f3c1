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

/** The writes of an entity. Each may be written by hand in its place, with the same Grant. */
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

/** One thing that is done to many records, each as the single action. */
export type Bulk = Omit<BulkAction, 'action'> & {
  /** In the question and its button, where it differs from the label: "Assign a role to 3 people". */
  verb?: string
  /** Between what is done and to whom. */
  preposition?: 'to' | 'from'
  /** What it brings about, whichever records they are. */
  confirm?: string
  impact?: Impact<never, never>
  /** The model's action that it takes. */
  needs: string
  /** Past tense, "12 people disabled"; or the whole sentence, with the name of what was chosen. */
  doneLabel: string | ((people: string, chosen: string) => string)
  /** Of those that were so before: "3 already disabled". */
  already?: string
  /** Only where deleted records are shown, or only where they aren't. */
  deleted?: boolean
  /** What has to be chosen first; a page asks for it where it wasn't sent. */
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

/** What is asked of the database, by itself or within a transaction. */
export type Reads = Pick<Database, 'readAs'>

/** What people lose with just these records, as far as the Grant reaches them: a sentence, from one statement. */
type Impact<M extends Model, A extends string = 'delete'> = (
  db: Reads,
  actor: UserActor,
  grant: Grant<M, A>,
  ids: readonly string[],
) => Promise<string | null>

/** Records that are chosen from a list: all that its address matches, and the names of some. */
export type Chosen<M extends Model> = {
  every: (db: Reads, actor: UserActor, grant: Grant<M, 'read'>, view: ListView) => AsyncGenerator<RecordRow[]>
  names: (
    db: Reads,
    actor: UserActor,
    grant: Grant<M, 'read'>,
    ids: readonly string[],
  ) => Promise<ReadonlyMap<string, string>>
}

/** Who reads a page, and in which frame. */
type Seen = { actor: UserActor; frame: Frame; may: May }
/** Who fills in a form. */
type Filling = Seen & { offered: Offered; pickings: Pickings; severals: Severals; services: Services }

/**
 * What an entity has in place of the kernel's own parts. `X` is what its pages load beside the record.
 */
export type Parts<M extends Model, X = undefined> = {
  actions?: Partial<Actions<M>>
  bodies?: Partial<Resource['body']>
  /** Further statuses that making a record may answer with. */
  otherStatuses?: readonly number[]
  /** Work before the transaction that makes a record: hashing, say. What it answers is the action's input. */
  prepare?: (body: never, services: Services, actor: UserActor) => Promise<unknown>
  /** What pages of a record show beside it. */
  load?: (call: EntityCall<M>, found: FoundRecord & { row: () => RecordRow }) => Promise<X>
  /** Whether what was loaded says that the reader can't change or delete just this record. */
  withheld?: (extra: X) => boolean
  /** Columns of the list. */
  columns?: (seen: Seen) => Column<RecordRow>[]
  /** Lists that stand beside this one. */
  listTabs?: (seen: Seen) => readonly ListTab[]
  /** Further actions in the head of the list. */
  listHead?: (seen: Seen) => Child
  panels?: (
    row: RecordRow,
    seen: Seen & { record: Pick<FoundRecord, 'update' | 'delete'>; extra: X },
  ) => Child
  head?: (row: RecordRow, seen: Seen & { record: Pick<FoundRecord, 'update' | 'delete'>; extra: X }) => Child
  tabs?: (row: RecordRow, actor: UserActor) => readonly Tab[]
  /** What references and further fields of the form offer. */
  offer?: (call: EntityCall<M>, row?: RecordRow) => Promise<Offered>
  /** What references offer by a rule, and fields that take several records. */
  choices?: (row?: RecordRow) => {
    one?: Readonly<Record<string, Query>>
    several?: Readonly<Record<string, Choice>>
  }
  fields?: (props: FieldsProps, seen: Filling) => Child
  more?: (props: FieldsProps, seen: Filling) => Child
  /** What the form holds beside columns, for when somebody else saved meanwhile. */
  held?: (row: RecordRow) => Held
  bulk?: Readonly<Record<string, Bulk>>
  /** What is lost with records that are deleted. */
  impact?: Impact<M>
  /** How bulk finds its records, where it isn't in their table. */
  chosen?: Chosen<M>
  /** Filters of the list beside those that the declaration gives: what their values are is looked up. */
  filters?: (call: EntityCall<M>, chosen: ListView['filters']) => Promise<readonly Filter[]>
  /** Whether a record can't be deleted by anybody. */
  undeletable?: (row: RecordRow) => boolean
  /** Whether a record can't be changed by anybody any more. */
  readOnly?: (row: RecordRow) => boolean
  /** How rows of a file are read and written, where it isn't as `create` does. */
  import?: Importing<M>
  /** Parts that the entity doesn't have, or that are written by hand beside the others. */
  without?: readonly ('list' | 'read' | 'create' | 'update' | 'delete' | 'bulk' | 'import' | 'history')[]
  /** Of which the JSON is documented: further success answers. */
  answer?: z.ZodType
}
