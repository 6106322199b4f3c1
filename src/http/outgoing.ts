import { cookieValues } from '#src/http/cookies.ts'
import type { Endpoint } from '#src/http/endpoint.ts'
import { frameFor } from '#src/http/frame.ts'
import { acceptsGzip } from '#src/http/negotiation.ts'
import type { Outgoing } from '#src/http/respond.ts'
import { sessionOf, type Visit } from '#src/http/visit.ts'
import { wantedOf } from '#src/http/wanted.ts'
import type { Frame } from '#src/ui/frame.ts'

export function outgoingOf(visit: Visit, endpoint?: Endpoint): Outgoing {
  const { c, app, info, counting, forms } = visit
  const { config, cookies, origins } = app
  const wanted = wantedOf(visit)
  return {
    wanted: wanted === 'part' && isOutdated(visit) ? 'page' : wanted,
    requestId: info.id,
    asks: info.asks,
    common: origins.headers(c, info.api),
    limit: counting.headers,
    // a compressed length could reveal a secret
    packs: !endpoint?.secret && acceptsGzip(c.req.header('accept-encoding')),
    frame: () => frameOf(visit),
    prefixed: (path) => config.URL_PREFIX + path,
    locate: (path) => config.URL_PREFIX + info.api + path,
    setNotice: cookies.setNotice,
    cookies: () => [
      ...forms.cookies(),
      ...(cookieValues(c, cookies.notice).length ? [cookies.drop(cookies.notice)] : []),
    ],
    reads: info.reads,
    noneMatch: c.req.header('if-none-match'),
  }
}

function frameOf(visit: Visit): Frame {
  visit.frame ??= frameFor(visit.c, visit.app, visit.actor, visit.forms.token(sessionOf(visit)))
  return visit.frame
}

/** Whether the page asking for a part belongs to another session or organization. */
function isOutdated(visit: Visit): boolean {
  const token = visit.c.req.header('x-csrf-token')
  const session = sessionOf(visit)
  return token !== undefined && session !== null && !visit.forms.isOf(session, token)
}
