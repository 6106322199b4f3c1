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

/** Concurrent imports in this process: each takes a connection and much of a CPU. */
export const fileTurns = new Semaphore(2)

const TELL_MS = 1000
/** Failed progress reports that end the work: no one sees it any more, and another run may take over. */
const MAX_UNTOLD = 3

export type Work<M extends Model> = {
  resource: Resource<M>
  importing: Importing<M>
  actor: UserActor
  /** From when the work began. */
  grant: Grant<M, 'create'>
  services: Services
  running: Running
  columns: Columns
  dryRun: boolean
}

/** Checks or imports a stored file in the background; the result goes into its row. */
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
    // if this fails too, its silence shows that it stopped
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
      // from here on this transaction locks its row
      heart.stop()
      await endRun(tx, running, 'imported', report)
    },
  })
  heart.stop()
  if (dryRun || report.error_count)
    await services.db.withActor(actor, (tx) => endRun(tx, running, 'checked', report))
}

/** Reports a run's progress every second, in its own transactions, as long as its user has access. */
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

  /** @throws whatever ended the work: lost access, another run took over, or progress can't be reported */
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
