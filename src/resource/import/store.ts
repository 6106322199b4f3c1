import { randomUUID } from 'node:crypto'
import { sql } from 'kysely'
import type { UserActor } from '#src/access/actor.ts'
import type { Database, Tx } from '#src/db/database.ts'
import { lockFor } from '#src/db/lock.ts'
import { conflict, notFound } from '#src/errors.ts'
import type { Upload } from '#src/http/upload.ts'
import type { Columns } from '#src/resource/import/columns.ts'
import type { ImportReport } from '#src/resource/import/import.ts'
import { HEAD } from '#src/resource/import/preview.ts'
import { piecesOf } from '#src/resource/import/sheet.ts'
import { statement } from '#src/resource/list/query.ts'

/** `stopped`: the worker hasn't reported for a while. */
type Status = 'waiting' | 'checking' | 'checked' | 'importing' | 'imported' | 'failed' | 'stopped'

/** An import as its owner sees it. */
export type Import = {
  id: string
  name: string
  columns: Columns
  status: Status
  done: number
  total: number
  report: Partial<ImportReport> & { failure?: string }
}

/** Identifies one user's imports of one entity. */
export type Place = { actor: UserActor; path: string }

const KEPT = sql.raw(`interval '1 day'`)
const SILENT = sql.raw(`interval '30 seconds'`)
/** Per user: stored files not in work, and all files. */
const MAX_WAITING = 5
const MOST = 10
const PIECE = 1024 * 1024

const busy = sql<boolean>`(status in ('checking', 'importing') and updated_at > now() - ${SILENT})`

const own = ({ actor, path }: Place, id: string) =>
  sql<boolean>`id = ${id} and user_id = ${actor.userId} and path = ${path}`

/**
 * Stores a file; deletes expired ones, and the oldest of a user who has many.
 * @throws {Conflict} if too many are in work
 */
export async function storeImport(
  tx: Tx,
  { actor, path }: Place,
  { name, content }: Upload,
  { columns, total }: Pick<Import, 'columns' | 'total'>,
): Promise<string> {
  await lockFor(tx, `imports of ${actor.userId}`)
  await sql`delete from imports where created_at < now() - ${KEPT}`.execute(tx)
  await sql`delete from imports where not ${busy} and user_id = ${actor.userId} and id not in (
    select id from imports where not ${busy} and user_id = ${actor.userId} order by created_at desc, id desc
    limit (select greatest(0, least(${sql.lit(MAX_WAITING - 1)}, ${sql.lit(MOST - 1)} - count(*)))
      from imports where ${busy} and user_id = ${actor.userId}))`.execute(tx)
  const left = await sql`select from imports where user_id = ${actor.userId}`.execute(tx)
  if (left.rows.length >= MOST)
    throw conflict('', `You have ${MOST} imports running. Start the next one when they are done.`)
  const { rows } = await sql<{ id: string }>`
    insert into imports (user_id, path, name, content, columns, total)
    values (${actor.userId}, ${path}, ${name}, ${content}, ${JSON.stringify(columns)}::jsonb, ${total})
    returning id`.execute(tx)
  return (rows[0] as { id: string }).id
}

/** One of the actor's imports, with the beginning of its file. @throws {NotFound} */
export async function readImport(
  db: Pick<Database, 'readAs'>,
  place: Place,
  id: string,
): Promise<Import & { head: Buffer }> {
  const text = sql<Import & { head: Buffer }>`
    select id, name, columns, done, total, report, substring(content for ${sql.lit(HEAD)}) as head,
      case when status in ('checking', 'importing') and not ${busy} then 'stopped' else status end as status
    from imports where ${own(place, id)}`
  const [found] = await db.readAs(place.actor, (q) => statement(q, text))
  if (!found) throw notFound()
  return found
}

/**
 * Claims an import: no one else can as long as this run keeps reporting progress.
 * @returns the id of this run
 */
export async function beginImport(
  tx: Tx,
  place: Place,
  id: string,
  { status, columns }: { status: 'checking' | 'importing'; columns: Columns },
): Promise<string> {
  const run = randomUUID()
  const { rows } = await sql`
    update imports set status = ${status}, columns = ${JSON.stringify(columns)}::jsonb, run = ${run}, done = 0, report = '{}'
    where ${own(place, id)} and status <> 'imported' and not ${busy} returning id`.execute(tx)
  if (!rows.length) throw conflict('', 'This file is already being processed.')
  return run
}

/** One run of an import. */
export type Running = Place & { id: string; run: string }

/** Another run has taken over the import, or it is gone. */
export class TakenOver extends Error {}

/** Reports a run's progress. @throws {TakenOver} */
export async function tellProgress(tx: Tx, running: Running, done: number): Promise<void> {
  await ofRun(tx, running, sql`done = ${done}`)
}

/** Ends a run with its result; an imported file isn't kept. @throws {TakenOver} */
export async function endRun(
  tx: Tx,
  running: Running,
  status: 'checked' | 'imported' | 'failed',
  report: Import['report'],
): Promise<void> {
  const rows = report.rows === undefined ? sql`` : sql`, done = ${report.rows}, total = ${report.rows}`
  const content = status === 'imported' ? sql`, content = ''` : sql``
  const json = JSON.stringify(report)
  await ofRun(tx, running, sql`status = ${status}, report = ${json}::jsonb, run = null${rows}${content}`)
}

async function ofRun(tx: Tx, running: Running, set: ReturnType<typeof sql>): Promise<void> {
  const { rows } = await sql`
    update imports set ${set} where ${own(running, running.id)} and run = ${running.run} returning id`.execute(
    tx,
  )
  if (!rows.length) throw new TakenOver('someone else is working on this import')
}

/** The bytes of a stored file, in chunks. */
export async function* contentOf(tx: Tx, place: Place, id: string): AsyncGenerator<Buffer> {
  for (let at = 1; ; at += PIECE) {
    const { rows } = await sql<{ piece: Buffer }>`
      select substring(content from ${at}::int for ${sql.lit(PIECE)}) as piece from imports where ${own(place, id)}`.execute(
      tx,
    )
    const piece = rows[0]?.piece
    if (!piece?.length) return
    yield* piecesOf(piece)
  }
}
