import type { HttpBindings } from '@hono/node-server'
import { Hono } from 'hono'
import type { Identity, UserActor } from '#src/access/actor.ts'
import type { RightsCache } from '#src/access/rights.ts'
import type { Config } from '#src/config.ts'
import { answer } from '#src/db/call.ts'
import type { Database } from '#src/db/database.ts'
import { fn } from '#src/db/functions.ts'
import { accessRoutes } from '#src/domains/access/explain/routes.tsx'
import { apiKeyRoutes } from '#src/domains/accounts/api-keys/routes.tsx'
import { authRoutes } from '#src/domains/accounts/sign-in/routes.tsx'
import { groupRoutes } from '#src/domains/people/groups/routes.tsx'
import { invitationRoutes } from '#src/domains/people/invitations/routes.tsx'
import { mailRoutes } from '#src/domains/shell/dev-mail/routes.tsx'
import { docsRoutes } from '#src/domains/shell/docs/routes.ts'
import { healthRoutes } from '#src/domains/shell/health/routes.tsx'
import { homeRoutes } from '#src/domains/shell/home/routes.tsx'
import { eventRoutes } from '#src/domains/trail/events/routes.tsx'
import '#src/domains/models.ts'
import { normalised } from '#src/domains/accounts/model.ts'
import { ownSessionRoutes } from '#src/domains/accounts/sessions/own-routes.tsx'
import { sessionRoutes } from '#src/domains/accounts/sessions/routes.tsx'
import { enteringRoutes } from '#src/domains/organizations/entering/routes.tsx'
import { organizationRoutes } from '#src/domains/organizations/organizations/routes.tsx'
import { assignmentRoutes } from '#src/domains/people/assignments/routes.tsx'
import { profileRoutes } from '#src/domains/people/profile/routes.tsx'
import { serviceAccountRoutes } from '#src/domains/people/service-accounts/routes.ts'
import { userRoutes } from '#src/domains/people/users/routes.tsx'
import { permissionRoutes } from '#src/domains/roles/permissions/routes.tsx'
import { roleRoutes } from '#src/domains/roles/roles/routes.tsx'
import { navigationFor } from '#src/domains/shell/navigation.ts'
import { paletteRoutes } from '#src/domains/shell/palette/routes.tsx'
import { clientAddress } from '#src/http/address.ts'
import { Cookies } from '#src/http/cookies.ts'
import type { Endpoint, Services } from '#src/http/endpoint.ts'
import { Intake } from '#src/http/intake.ts'
import { Limits } from '#src/http/limits.ts'
import { mount } from '#src/http/mount.ts'
import { Origins } from '#src/http/origins.ts'
import { Assets } from '#src/http/static.ts'
import { paths } from '#src/paths.ts'

/** The route table: one line a domain. */
export const endpoints: Endpoint[] = [
  ...homeRoutes,
  ...paletteRoutes(() => endpoints),
  ...healthRoutes,
  ...authRoutes,
  ...accessRoutes,
  ...docsRoutes(() => endpoints),
  ...mailRoutes,
  ...userRoutes,
  ...profileRoutes,
  ...invitationRoutes,
  ...groupRoutes,
  ...eventRoutes,
  ...roleRoutes,
  ...assignmentRoutes,
  ...permissionRoutes,
  ...ownSessionRoutes,
  ...sessionRoutes,
  ...apiKeyRoutes,
  ...serviceAccountRoutes,
  // before the path that takes an id
  ...enteringRoutes,
  ...organizationRoutes,
]

export type Dependencies = {
  config: Config
  db: Database
  rights: RightsCache
  /** The route table, where it isn't the program's own. */
  routes?: readonly Endpoint[]
  /** Marks a session as seen, or an API key as used, some time later. */
  seen?: (identity: Identity, ip: string | null) => void
  log?: Services['log']
  intake?: Intake
}

export function createApp({
  config,
  db,
  rights,
  routes = endpoints,
  seen = () => {},
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
    navigation: navigationFor,
    seen,
    clientAddress: clientAddress(config.TRUSTED_PROXIES),
    denied: (actor, wanted, path) => denied(db, actor, wanted, path),
    log,
  })
  return app
}

/** Every refusal of somebody is in the trail. */
async function denied(db: Database, actor: UserActor, wanted: string, path: string): Promise<void> {
  const event = { name: 'access:denied', type: 'route', target: null, details: { wanted, path } }
  await db.withActor(actor.author, (tx) => answer(tx, fn.record_event(event)))
}
