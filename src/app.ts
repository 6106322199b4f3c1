import type { HttpBindings } from '@hono/node-server'
import { Hono } from 'hono'
import type { Identity, UserActor } from '#src/access/actor.ts'
import type { RightsCache } from '#src/access/rights.ts'
import type { Config } from '#src/config.ts'
import type { Database } from '#src/db/database.ts'
import { access } from '#src/domains/access/domain.ts'
import { accounts } from '#src/domains/accounts/domain.ts'
import { normalised } from '#src/domains/accounts/model.ts'
import { organizations } from '#src/domains/organizations/domain.ts'
import { people } from '#src/domains/people/domain.ts'
import { roles } from '#src/domains/roles/domain.ts'
import { shell } from '#src/domains/shell/domain.ts'
import { navigationFor } from '#src/domains/shell/navigation.ts'
import { trail } from '#src/domains/trail/domain.ts'
import { Cookies } from '#src/http/cookies.ts'
import type { Endpoint, Services } from '#src/http/endpoint.ts'
import { Intake } from '#src/http/intake.ts'
import { clientIp } from '#src/http/ip-ranges.ts'
import { Limits } from '#src/http/limits.ts'
import { mount } from '#src/http/mount.ts'
import { Origins } from '#src/http/origins.ts'
import { Assets } from '#src/http/static.ts'
import { paths } from '#src/paths.ts'
import { noted } from '#src/resource/bulk/outcome.ts'
import type { Domain } from '#src/resource/domain.ts'
import { recordAt } from '#src/resource/entity.ts'

/** What the program consists of. */
export const contexts: readonly Domain[] = [
  shell(
    () => endpoints,
    () => contexts,
  ),
  people,
  accounts,
  roles,
  access,
  trail,
  organizations,
]

export const endpoints: readonly Endpoint[] = contexts.flatMap(({ routes }) => routes)

export type Dependencies = {
  config: Config
  db: Database
  rights: RightsCache
  routes?: readonly Endpoint[]
  /** Marks a session as seen, or an API key as used, some time later. */
  seen?: (identity: Identity, ip: string | null) => void
  /** Marks what somebody was let through by as used. */
  used?: (actor: UserActor) => void
  log?: Services['log']
  intake?: Intake
}

export function createApp({
  config,
  db,
  rights,
  routes = endpoints,
  seen = () => {},
  used = () => {},
  log = console,
  intake = new Intake(),
}: Dependencies) {
  const app = new Hono<{ Bindings: HttpBindings }>({ strict: false }).basePath(config.URL_PREFIX || '/')
  const origins = new Origins(config, log)
  const assets = new Assets(origins.secure)
  app.get(paths.static(':hash', ':file{.+}'), (c, next) => {
    const found = assets.serve(
      c.req.param('hash') ?? '',
      c.req.param('file') ?? '',
      c.req.header('accept-encoding'),
    )
    return found ? Promise.resolve(found) : next()
  })
  mount(app, routes, {
    config,
    db,
    rights,
    cookies: new Cookies(config),
    intake,
    origins,
    limits: config.RATE_LIMIT_ENABLED ? new Limits(db, config, normalised) : null,
    asset: (name) => assets.path(name),
    navigation: (actor) => navigationFor(actor, contexts),
    seen,
    used,
    clientIp: clientIp(config.TRUSTED_PROXIES),
    denied: (actor, wanted, path) => denied(db, actor, wanted, path),
    log,
  })
  return app
}

/** Every refusal of somebody is in the trail. */
async function denied(db: Database, actor: UserActor, wanted: string, path: string): Promise<void> {
  await db.withActor(actor.author, (tx) => noted(tx, recordAt(path), wanted, path))
}
