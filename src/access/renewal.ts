import { sql } from 'kysely'
import type { Identity, Rights, UserActor } from '#src/access/actor.ts'
import type { Tx } from '#src/db/database.ts'
import { DomainError } from '#src/errors.ts'

/** The actor lost the access that running work depends on; nothing of it is saved. */
export class Revoked extends DomainError {
  /** For the trail, not for the answer. */
  readonly wanted: string
  constructor(wanted: string) {
    super('Your access changed while this was running. Nothing was saved.')
    this.wanted = wanted
  }
}

/** How long, in ms, rights are relied on before they are checked again. */
const GOOD_FOR = 1000

/**
 * Rechecks an actor during long work: the same identity, and every permission the work relies on. Gaining rights, or
 * losing unrelated ones, doesn't stop the work; later decisions use the current rights.
 */
export class Renewal {
  #identity: Identity
  readonly #ask: () => Promise<Identity | null>
  /** Permissions that a decision relied on. */
  readonly #leansOn = new Set<string>()
  #leansOnAll = false
  #checked = performance.now()
  #asking: Promise<void> | undefined
  #revoked: Revoked | undefined

  /** @param ask loads the identity behind the same credential from the database */
  constructor(identity: Identity, ask: () => Promise<Identity | null>) {
    this.#identity = identity
    this.#ask = ask
  }

  /** The rights found by the latest check. */
  get rights(): Rights {
    return this.#identity.rights
  }

  leanOn(permission: string): void {
    this.#leansOn.add(permission)
  }

  /** For decisions that depend on all of an actor's rights, such as the granting rule. */
  leanOnAll(): void {
    this.#leansOnAll = true
  }

  /** Whether the next step has to wait for a recheck. */
  get due(): boolean {
    return this.#revoked !== undefined || performance.now() - this.#checked >= GOOD_FOR
  }

  /** @throws {Revoked}, and from then on at every call */
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

  /** The permission or factor missing now; null if none is. */
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
 * Rechecks as the last step of a transaction. It locks the rows that bear the actor's access, so that a revocation
 * either is seen here or waits for the commit. Changes the work itself made to the actor's rights don't count.
 * @throws {Revoked}
 */
export async function recheckLast(tx: Tx, { renewal, identity, userId }: UserActor): Promise<void> {
  if (!renewal) return
  const credential = sql.table(identity.apiKey ? 'api_keys' : 'sessions')
  await sql`select from organizations o, users u, ${credential} c
    where o.id = app.org_id() and u.id = ${userId} and c.id = ${identity.sessionId} for share`.execute(tx)
  await renewal.recheck()
}
