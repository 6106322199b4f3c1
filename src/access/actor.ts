import { type RawBuilder, type SqlBool, sql } from 'kysely'
import { type Cause, causeIn } from '#src/access/cause.ts'
import { type Grant, grant } from '#src/access/grant.ts'
import {
  type ActionOf,
  type ModelOf,
  type Permission,
  parsePermission,
  type Scope,
} from '#src/access/permission.ts'
import { Renewal } from '#src/access/renewal.ts'
import { Forbidden } from '#src/errors.ts'
import { type Clock, clockOf } from '#src/locale/clock.ts'

/** What someone can do, as loaded: whole permissions, and the groups beneath which `group` reaches. */
export type Rights = {
  permissions: ReadonlySet<string>
  scopes: ReadonlyMap<string, ReadonlySet<Scope>>
  readGroups: readonly string[]
  writeGroups: readonly string[]
  /** Groups that the person leads, and those beneath. */
  leadGroups: readonly string[]
}

/** The request that somebody acts through, for the trail. */
export type Via = { via: 'web' | 'api'; requestId: string; ip: string | null }

export type Organization = { id: string; name: string; slug: string; kind: 'platform' | 'tenant' }

/** What an API key narrows its owner down to. */
export type ApiKey = {
  id: string
  /** What was chosen for it, whether its owner has it now or not. */
  chosen: readonly string[]
  /** CIDR ranges that it may be used from; none is everywhere. */
  addresses: readonly string[]
}

/** Somebody who is known by a credential, as of now. */
export type Identity = {
  /** Of the API key, for whoever acts by one: no session has that id. */
  sessionId: string
  sessionKind: 'browser' | 'token' | 'impersonation' | 'api_key'
  /** Null for a service account. */
  accountId: string | null
  apiKey: ApiKey | null
  userId: string
  username: string
  name: string
  /** As they chose; null where they didn't. */
  timeZone: string | null
  locale: string | null
  organization: Organization
  /** Who it really is, in an organization that they entered from the platform's. */
  home: { orgId: string; userId: string; organizationName: string } | null
  /** Whether they are in another organization, too, and can change to it. */
  elsewhere: boolean
  impersonatorId: string | null
  /** What a role asks for before anything else may be done: the code, or that there is a second factor at all. */
  missingFactor: 'second-factor' | 'second-factor-setup' | null
  rights: Rights
}

const NONE: ReadonlySet<Scope> = new Set()

export function rightsFrom(
  codes: readonly string[],
  readGroups: string[],
  writeGroups: string[],
  leadGroups: string[] = [],
): Rights {
  const scopes = new Map<string, Set<Scope>>()
  for (const code of codes) {
    const parsed = parsePermission(code)
    if (!parsed) continue
    const key = `${parsed.model}:${parsed.action}`
    const held = scopes.get(key)
    if (held) held.add(parsed.scope)
    else scopes.set(key, new Set([parsed.scope]))
  }
  return { permissions: new Set(codes), scopes, readGroups, writeGroups, leadGroups }
}

/** Somebody who acts in one organization, in person or by an API key. A request has exactly one, or none. */
export class UserActor {
  readonly identity: Identity
  /** Asks again while something is done for them; null for who is only spoken about. */
  readonly renewal: Renewal | null
  readonly #via: Via
  #kind: Cause['kind'] = 'request'
  readonly #used = new Set<Permission>()
  #context: string | undefined

  /** @param again who acts by the same credential now; null for nobody */
  constructor(identity: Identity, via: Via, again?: () => Promise<Identity | null>) {
    this.identity = identity
    this.#via = via
    this.renewal = again ? new Renewal(identity, again) : null
  }

  get kind(): 'user' | 'api_key' {
    return this.identity.apiKey ? 'api_key' : 'user'
  }

  /** Whether this is somebody with less than the person has: what the person's roles say doesn't hold for them. */
  get isRestricted(): boolean {
    return this.identity.apiKey !== null || this.identity.sessionKind === 'impersonation'
  }

  /** Of what somebody has: all, but of oneself only as far as the actor who asks. */
  having(userId: string, codes: readonly string[]): readonly string[] {
    return this.isRestricted && userId === this.userId ? [...this.rights.permissions] : codes
  }

  get orgId(): string {
    return this.identity.organization.id
  }

  get userId(): string {
    return this.identity.userId
  }

  /** How they read times, and mean days. */
  get clock(): Clock {
    return clockOf(this.identity.timeZone, this.identity.locale)
  }

  get rights(): Rights {
    this.renewal?.leanOnAll()
    return this.#held
  }

  /** As they were found last. */
  get #held(): Rights {
    return this.renewal?.rights ?? this.identity.rights
  }

  /** For what is written about them, whoever they are by now. */
  get author(): { orgId: string; context: string } {
    return { orgId: this.orgId, context: this.context }
  }

  /** Their request is an act of that kind. */
  begin(kind: Cause['kind']): void {
    this.#kind = kind
    this.#context = undefined
  }

  /** What the audit trail reads: who, through what, in which request, for which cause. */
  get context(): string {
    const { home, apiKey, sessionId } = this.identity
    const { via, requestId } = this.#via
    this.#context ??= JSON.stringify({
      org: home?.orgId ?? this.orgId,
      user: home?.userId ?? this.userId,
      shadow: home ? this.userId : undefined,
      key: apiKey?.id,
      session: apiKey ? undefined : sessionId,
      impersonator: this.identity.impersonatorId ?? undefined,
      via,
      request: requestId,
      ip: this.#via.ip ?? undefined,
      ...causeIn({ id: requestId, kind: this.#kind }),
    })
    return this.#context
  }

  /** Whether the person holds the permission in any scope. */
  can(permission: Permission): boolean {
    this.renewal?.leanOn(permission)
    return this.#held.scopes.has(permission)
  }

  /** What they were let through by. */
  get used(): ReadonlySet<Permission> {
    return this.#used
  }

  /**
   * The one decision: answers with the key to the rows, or refuses.
   * @throws {Forbidden} 403
   */
  require<P extends Permission>(permission: P): Grant<ModelOf<P>, ActionOf<P>> {
    const found = this.find(permission)
    if (!found) throw new Forbidden(permission)
    this.#used.add(permission)
    return found
  }

  /** The Grant, or null where the person doesn't hold the permission: for what a page shows beside. */
  find<P extends Permission>(permission: P): Grant<ModelOf<P>, ActionOf<P>> | null {
    this.renewal?.leanOn(permission)
    const { scopes, readGroups, writeGroups } = this.#held
    const held = scopes.get(permission) ?? NONE
    if (!held.size) return null
    const [model, action] = permission.split(':') as [ModelOf<P>, ActionOf<P>]
    const groups = action === 'read' ? readGroups : writeGroups
    return grant(model, action, held, { userId: this.userId, groups })
  }

  /**
   * The SQL condition for the rows that exist for an action: those within its own Grant, and those that can be read.
   * Outside both a row is a 404; read, and outside the action's Grant, a 403.
   */
  sees(grant: Grant, table?: string): RawBuilder<SqlBool> {
    const read = grant.action === 'read' ? null : this.find(`${grant.model}:read` as Permission)
    return read ? sql<SqlBool>`(${grant.where(table)} or ${read.where(table)})` : grant.where(table)
  }
}

export type Actor = UserActor
