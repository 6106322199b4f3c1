import { sql } from 'kysely'
import type { Identity, Rights, UserActor } from '#src/access/actor.ts'
import type { Tx } from '#src/db/database.ts'
import { DomainError } from '#src/errors.ts'

/** Somebody may no longer do what is being done for them, and nothing of it is kept. */
export class Revoked extends DomainError {
  /** For the trail, not for the answer. */
  readonly wanted: string
  constructor(wanted: string) {
    super('Your access changed while this was running. Nothing was saved.')
    this.wanted = wanted
  }
}

/** So long, in ms, what somebody may is acted on before it is asked for again. */
const GOOD_FOR = 1000

/**
 * Asks again, while something is done for somebody, whether they are still who they were, and still may all that it
 * leans on. Who gains something meanwhile goes on, and so does who loses something else; what is decided from then on
 * is decided by the rights of now.
 */
export class Renewal {
  #identity: Identity
  readonly #ask: () => Promise<Identity | null>
  /** Permissions that something was decided by. */
  readonly #leansOn = new Set<string>()
  #leansOnAll = false
  #checked = performance.now()
  #asking: Promise<void> | undefined
  #revoked: Revoked | undefined

  /** @param ask who the same credential is by now, by the database itself */
  constructor(identity: Identity, ask: () => Promise<Identity | null>) {
    this.#identity = identity
    this.#ask = ask
  }

  /** As they were found last. */
  get rights(): Rights {
    return this.#identity.rights
  }

  leanOn(permission: string): void {
    this.#leansOn.add(permission)
  }

  /** For what is decided by all that somebody may, as the rule of granting is. */
  leanOnAll(): void {
    this.#leansOnAll = true
  }

  /** Whether nothing more is done for them before they are asked about. */
  get due(): boolean {
    return this.#revoked !== undefined || performance.now() - this.#checked >= GOOD_FOR
  }

  /** @throws {Revoked}, from then on whenever it is asked */
  async recheck(): Promise<void> {
    if (this.#revoked) throw this.#revoked
    this.#asking ??= this.#compare().finally(() => {
      this.#asking = undefined
    })
    await this.#asking
  }

  async #compare(): Promise<void> {
    const began = performance.now()
    const now = await this.#ask()
    const [first = 'session'] = this.#leansOn
    const lost = now ? this.#lost(this.#identity, now, first) : first
    if (!now || lost !== null) {
      this.#revoked = new Revoked(lost ?? first)
      throw this.#revoked
    }
    this.#identity = now
    this.#checked = began
  }

  /** What is missing now; null where nothing is. */
  #lost(was: Identity, now: Identity, first: string): string | null {
    if (now.userId !== was.userId || now.organization.id !== was.organization.id) return first
    if (now.missingFactor && !was.missingFactor) return now.missingFactor
    const permissions = this.#leansOnAll ? was.rights.scopes.keys() : this.#leansOn
    for (const permission of permissions) if (isLess(permission, was.rights, now.rights)) return permission
    if (this.#leansOnAll && !within(was.rights.leadGroups, now.rights.leadGroups)) return 'group:update'
    return null
  }
}

/** Whether a permission reaches fewer rows than before. */
function isLess(permission: string, was: Rights, now: Rights): boolean {
  const [before, after] = [was.scopes.get(permission), now.scopes.get(permission)]
  if (!before || after?.has('all')) return false
  if (!after || ![...before].every((scope) => after.has(scope))) return true
  const groups = permission.endsWith(':read') ? 'readGroups' : 'writeGroups'
  return before.has('group') && !within(was[groups], now[groups])
}

function within(some: readonly string[], all: readonly string[]): boolean {
  const known = new Set(all)
  return some.every((one) => known.has(one))
}

/**
 * Last of all in a transaction of long work: whoever ends it now waits for the commit, and who was quicker is seen.
 * What the work itself changed of its person's rights is not: they had them when it was done.
 * @throws {Revoked}
 */
export async function recheckLast(tx: Tx, { renewal, identity, userId }: UserActor): Promise<void> {
  if (!renewal) return
  const credential = sql.table(identity.apiKey ? 'api_keys' : 'sessions')
  await sql`select from organizations o, users u, ${credential} c
    where o.id = app.org_id() and u.id = ${userId} and c.id = ${identity.sessionId} for share`.execute(tx)
  await renewal.recheck()
}
