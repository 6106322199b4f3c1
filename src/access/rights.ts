import { hash as digest } from 'node:crypto'
import type { RawBuilder } from 'kysely'
import { type ApiKey, type Identity, type Organization, rightsFrom } from '#src/access/actor.ts'
import { isApiKey } from '#src/access/api-key.ts'
import { chosenRights } from '#src/access/narrowing.ts'
import type { Database } from '#src/db/database.ts'
import { fn } from '#src/db/functions.ts'
import type { Listener } from '#src/db/listener.ts'

/** What `app.session_actor` and `app.key_actor` return; optional keys come from only one of them. */
export type SessionFacts = {
  session: string
  kind: Identity['sessionKind']
  impersonator?: string | null
  account: string | null
  key?: Omit<ApiKey, 'id'>
  organization: Organization
  user: string
  username: string
  name: string
  timeZone: string | null
  locale: string | null
  permissions: string[]
  readGroups: string[]
  writeGroups: string[]
  leadGroups?: string[]
  home?: Identity['home']
  elsewhere?: boolean
  missingFactor?: Identity['missingFactor']
  ttlMs: number
}

type Entry = { identity: Identity; until: number }

const MOST = 20_000

/**
 * Caches session or API key, and rights, by token, under four rules: stored only if the listener was alive from the
 * start of the load and heard no invalidation; kept at most until the session or an assignment ends, by the database's
 * clock; used only while the listener's connection is known to be alive; dropped when a table that bears rights
 * notifies of a change.
 */
export class RightsCache {
  readonly #database: Database
  readonly #listener: Listener
  readonly #entries = new Map<string, Entry>()
  readonly #loading = new Map<string, Promise<Identity | null>>()
  #invalidations = 0

  constructor(database: Database, listener: Listener) {
    this.#database = database
    this.#listener = listener
    listener.onNotice((payload) => this.#drop(payload))
    listener.onLost(() => this.clear())
  }

  /** Who holds this token now; null if it is unknown, ended or disabled. */
  async identify(token: string): Promise<Identity | null> {
    const hash = digest('sha256', token, 'buffer')
    const key = hash.toString('base64')
    const entry = this.#entries.get(key)
    if (entry && this.#listener.alive && performance.now() < entry.until) return entry.identity
    this.#entries.delete(key)
    const running = this.#loading.get(key)
    if (running) return running
    const load = this.#load(lookupFor(token, hash), key).finally(() => this.#loading.delete(key))
    if (this.#listener.alive) this.#loading.set(key, load)
    return load
  }

  /** The same straight from the database, on a connection apart from transactions that wait for the answer. */
  async identifyNow(token: string): Promise<Identity | null> {
    const hash = digest('sha256', token, 'buffer')
    const found = await this.#database.lookup(lookupFor(token, hash), { beside: true })
    return found && identityFrom(found)
  }

  /** Drops a session that this process has just changed, without waiting for the notification. */
  forget(sessionId: string): void {
    this.#drop(`s:${sessionId}`)
  }

  /** Drops everything. */
  clear(): void {
    this.#invalidations++
    this.#loading.clear()
    this.#entries.clear()
  }

  async #load(lookup: RawBuilder<SessionFacts | null>, key: string): Promise<Identity | null> {
    const began = this.#invalidations
    const heard = this.#listener.alive
    const start = performance.now()
    const found = await this.#database.lookup(lookup)
    if (!found) return null
    const identity = identityFrom(found)
    if (heard && this.#listener.alive && began === this.#invalidations) {
      if (this.#entries.size >= MOST) this.#entries.delete(this.#entries.keys().next().value as string)
      this.#entries.set(key, { identity, until: start + found.ttlMs })
    }
    return identity
  }

  /** `u:<user>`, `a:<account>`, `s:<session>`, `k:<API key>`, `o:<organization>`; anything else drops everything. */
  #drop(payload: string): void {
    this.#invalidations++
    this.#loading.clear()
    const kind = payload.slice(0, 2)
    const id = payload.slice(2)
    for (const [key, { identity }] of this.#entries) {
      const hit =
        kind === 'u:'
          ? identity.userId === id || identity.home?.userId === id
          : kind === 'a:'
            ? identity.accountId === id
            : kind === 's:' || kind === 'k:'
              ? identity.sessionId === id
              : kind === 'o:'
                ? identity.organization.id === id || identity.home?.orgId === id
                : true
      if (hit) this.#entries.delete(key)
    }
  }
}

const lookupFor = (token: string, hash: Buffer) =>
  isApiKey(token)
    ? fn.key_actor<SessionFacts | null>({ secret: hash })
    : fn.session_actor<SessionFacts | null>({ hash })

/** The identity in what the database returned. */
export function identityFrom(found: SessionFacts): Identity {
  const { session, kind, key } = found
  const rights = rightsFrom(found.permissions, found.readGroups, found.writeGroups, found.leadGroups)
  return {
    sessionId: session,
    sessionKind: kind,
    accountId: found.account,
    apiKey: key ? { ...key, id: session } : null,
    userId: found.user,
    username: found.username,
    name: found.name || found.username,
    timeZone: found.timeZone,
    locale: found.locale,
    organization: found.organization,
    home: found.home ?? null,
    elsewhere: found.elsewhere ?? false,
    impersonatorId: found.impersonator ?? null,
    missingFactor: found.missingFactor ?? null,
    rights: key ? chosenRights(rights, key.chosen) : rights,
  }
}
