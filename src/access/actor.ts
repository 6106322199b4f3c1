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

/** What someone can do: full permission codes, and the groups under which scope `group` applies. */
export type Rights = {
  permissions: ReadonlySet<string>
  scopes: ReadonlyMap<string, ReadonlySet<Scope>>
  readGroups: readonly string[]
  writeGroups: readonly string[]
  /** Groups the person leads, and all their subgroups. */
  leadGroups: readonly string[]
}

/** The request that someone acts through, for the trail. */
export type Via = { via: 'web' | 'api'; requestId: string; ip: string | null }

export type Organization = { id: string; name: string; slug: string; kind: 'platform' | 'tenant' }

/** How an API key restricts its owner. */
export type ApiKey = {
  id: string
  /** Permissions chosen for the key, whether or not its owner still holds them. */
  chosen: readonly string[]
  /** CIDR ranges the key may be used from; empty for any. */
  addresses: readonly string[]
}

/** Who a credential belongs to, as of now. */
export type Identity = {
  /** For an API key, the key's own id: no session has it. */
  sessionId: string
  sessionKind: 'browser' | 'token' | 'impersonation' | 'api_key'
  /** Null for a service account. */
  accountId: string | null
  apiKey: ApiKey | null
  userId: string
  username: string
  name: string
  /** The user's choice; null if they made none. */
  timeZone: string | null
  locale: string | null
  organization: Organization
  /** The real user, after entering this organization from the platform organization. */
  home: { orgId: string; userId: string; organizationName: string } | null
  /** Whether they belong to another organization and can switch to it. */
  elsewhere: boolean
  impersonatorId: string | null
  /** What a role requires first: a second-factor code, or setting up a second factor. */
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

/** A user acting in one organization, in person or through an API key. A request has at most one. */
export class UserActor {
  readonly identity: Identity
  /** Rechecks their access during long work; null for a user who is only described, not acting. */
  readonly renewal: Renewal | null
  readonly #via: Via
  #kind: Cause['kind'] = 'request'
  readonly #used = new Set<Permission>()
  #context: string | undefined

  /** @param again reloads the identity behind the same credential; null if it no longer works */
  constructor(identity: Identity, via: Via, again?: () => Promise<Identity | null>) {
    this.identity = identity
    this.#via = via
    this.renewal = again ? new Renewal(identity, again) : null
  }

  get kind(): 'user' | 'api_key' {
    return this.identity.apiKey ? 'api_key' : 'user'
  }

  /** Whether they act with less than the user's own roles give: through an API key, or as someone else. */
  get isRestricted(): boolean {
    return this.identity.apiKey !== null || this.identity.sessionKind === 'impersonation'
  }

  /** Narrows a user's permissions to what this actor holds if that user is the actor; otherwise returns them all. */
  having(userId: string, codes: readonly string[]): readonly string[] {
    return this.isRestricted && userId === this.userId ? [...this.rights.permissions] : codes
  }

  get orgId(): string {
    return this.identity.organization.id
  }

  get userId(): string {
    return this.identity.userId
  }

  /** Their time zone and locale, for showing times and reading days. */
  get clock(): Clock {
    return clockOf(this.identity.timeZone, this.identity.locale)
  }

  get rights(): Rights {
    this.renewal?.leanOnAll()
    return this.#held
  }

  /** The rights found by the latest check. */
  get #held(): Rights {
    return this.renewal?.rights ?? this.identity.rights
  }

  /** For entries about them in the trail, even after their access has changed. */
  get author(): { orgId: string; context: string } {
    return { orgId: this.orgId, context: this.context }
  }

  /** Marks everything this request writes as one act of that kind. */
  begin(kind: Cause['kind']): void {
    this.#kind = kind
    this.#context = undefined
  }

  /** JSON for the audit trail: who, through which channel, in which request, for which cause. */
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

  /** Whether they hold the permission in any scope. */
  can(permission: Permission): boolean {
    this.renewal?.leanOn(permission)
    return this.#held.scopes.has(permission)
  }

  /** Permissions that let this request through. */
  get used(): ReadonlySet<Permission> {
    return this.#used
  }

  /**
   * The access decision: returns the key to the rows, or refuses.
   * @throws {Forbidden}
   */
  require<P extends Permission>(permission: P): Grant<ModelOf<P>, ActionOf<P>> {
    const found = this.find(permission)
    if (!found) throw new Forbidden(permission)
    this.#used.add(permission)
    return found
  }

  /** The Grant, or null if they don't hold the permission: for optional parts of a page. */
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
   * The SQL condition for rows that exist for an action: those within its Grant, and those the actor can read.
   * A row outside both is a 404; one that is only readable is a 403.
   */
  sees(grant: Grant, table?: string): RawBuilder<SqlBool> {
    const read = grant.action === 'read' ? null : this.find(`${grant.model}:read` as Permission)
    return read ? sql<SqlBool>`(${grant.where(table)} or ${read.where(table)})` : grant.where(table)
  }
}

export type Actor = UserActor
