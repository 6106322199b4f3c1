import type { UserActor } from '#src/access/actor.ts'
import type { Grant } from '#src/access/grant.ts'
import type { Model } from '#src/access/permission.ts'
import { Revoked } from '#src/access/renewal.ts'
import type { Tx } from '#src/db/database.ts'
import { DomainError } from '#src/errors.ts'
import type { Services } from '#src/http/endpoint.ts'
import { Semaphore } from '#src/platform/semaphore.ts'
import { noted } from '#src/resource/bulk/outcome.ts'
import type { Resource } from '#src/resource/entity.ts'
import { type Columns, checked } from '#src/resource/import/columns.ts'
import { broughtBy, type Importing, importFile } from '#src/resource/import/import.ts'
import { contentOf, endRun, type Running, TakenOver, tellProgress } from '#src/resource/import/store.ts'

/** Files in work in this process: each takes a connection, and a good part of a processor. */
export const fileTurns = new Semaphore(2)

const TELL_MS = 1000
/** Silences that end the work: nobody could see it any more, and another run may take over. */
const MAX_UNTOLD = 3

export type Work<M extends Model> = {
  resource: Resource<M>
  importing: Importing<M>
  actor: UserActor
  /** As it was when the work began. */
  grant: Grant<M, 'create'>
  services: Services
  running: Running
  columns: Columns
  dryRun: boolean
}

/** Checks or imports a kept file while requests go on; what becomes of it stands in its row. */
export async function workOn<M extends Model>(work: Work<M>): Promise<void> {
  const { services, actor, running } = work
  const heart = new Heart(services, running)
  try {
    await fileTurns.take(() => worked(work, heart))
  } catch (error) {
    if (error instanceof TakenOver) return
    const refused = error instanceof DomainError
    if (!refused) services.log.error({ err: error, import: running.id }, 'import failed')
    const failure = refused ? error.message : 'Something went wrong. Nothing was imported.'
    // where this can't be told either, its silence tells it
    await services.db
      .withActor(actor.author, async (tx) => {
        if (error instanceof Revoked) await noted(tx, null, error.wanted, running.path)
        await endRun(tx, running, 'failed', { failure })
      })
      .catch((err) => services.log.error({ err, import: running.id }, 'import can’t be ended'))
  } finally {
    heart.stop()
  }
}

async function worked<M extends Model>(work: Work<M>, heart: Heart): Promise<void> {
  const { resource, importing, actor, grant, services, running, columns, dryRun } = work
  const report = await importFile(broughtBy(services.db, actor), {
    content: (tx: Tx) => contentOf(tx, running, running.id),
    importer: () => importing.importer(actor, grant, services),
    choose: (header) => checked(header, importing.fields, columns),
    many: resource.declared.many,
    path: running.path,
    dryRun,
    progress: (done) => heart.beat(done),
    finish: async (tx, report) => {
      // its row is this transaction's from here on
      heart.stop()
      await endRun(tx, running, 'imported', report)
    },
  })
  heart.stop()
  if (dryRun || report.error_count)
    await services.db.withActor(actor, (tx) => endRun(tx, running, 'checked', report))
}

/** Tells every second how far a run has come, in transactions of its own, as long as its person may do it. */
class Heart {
  readonly #services: Services
  readonly #running: Running
  readonly #timer: NodeJS.Timeout
  #done = 0
  #untold = 0
  #telling = false
  #lost: unknown

  constructor(services: Services, running: Running) {
    this.#services = services
    this.#running = running
    this.#timer = setInterval(() => void this.#tell(), TELL_MS)
    this.#timer.unref()
  }

  /** @throws what ends the work: its person may no longer do it, somebody else has taken over, or nobody can be told */
  beat(done: number): void {
    this.#done = done
    if (this.#lost) throw this.#lost
  }

  stop(): void {
    clearInterval(this.#timer)
  }

  async #tell(): Promise<void> {
    if (this.#telling) return
    this.#telling = true
    try {
      await this.#services.db.withActor(this.#running.actor, (tx) =>
        tellProgress(tx, this.#running, this.#done),
      )
      this.#untold = 0
    } catch (error) {
      this.#untold++
      if (error instanceof TakenOver || error instanceof Revoked || this.#untold >= MAX_UNTOLD)
        this.#lost = error
    } finally {
      this.#telling = false
    }
  }
}
