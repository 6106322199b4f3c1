import { randomBytes } from 'node:crypto'
import type { Context } from 'hono'
import type { Actor } from '#src/access/actor.ts'
import type { AppContext } from '#src/http/app-context.ts'
import { cookieValues } from '#src/http/cookies.ts'
import { clockOf } from '#src/locale/clock.ts'
import { paths } from '#src/paths.ts'
import type { Frame, Notice, Theme, Undo, Viewer } from '#src/ui/frame.ts'

export function frameFor(c: Context, app: AppContext, actor: Actor | null, csrfToken: string): Frame {
  const { config, asset, cookies, navigation } = app
  const here = c.req.path.slice(config.URL_PREFIX.length) || '/'
  const prefixed = (path: string) => config.URL_PREFIX + path
  const theme = cookieValues(c, 'theme')[0]
  const [notice] = cookieValues(c, cookies.notice)
  const back = new URL(c.req.url).search.slice(1)
  const items = actor ? navigation(actor) : []
  return {
    appName: config.APP_NAME,
    organization: actor?.identity.organization.name ?? config.APP_NAME,
    person: actor ? viewer(actor) : null,
    navigation: items.map((item) => ({
      ...item,
      href: prefixed(item.href),
      current: covers(item.href, here),
    })),
    csrfToken,
    nonce: randomBytes(16).toString('base64'),
    theme: (theme === 'light' || theme === 'dark' ? theme : 'system') satisfies Theme,
    clock: actor?.clock ?? clockOf(null, null),
    asset: (name) => prefixed(asset(name)),
    path: prefixed,
    banner: actor?.identity.home
      ? {
          text: `You’re in ${actor.identity.organization.name} as platform administrator.`,
          action: prefixed(paths.leaveOrganization),
          label: 'Leave',
        }
      : null,
    notice: notice ? noticeFrom(notice, (path) => ({ action: prefixed(path), back })) : null,
  }
}

function viewer(actor: Actor): Viewer {
  const { name, username, elsewhere } = actor.identity
  return { id: actor.userId, name, username, elsewhere, may: (permission) => actor.can(permission) }
}

const covers = (item: string, here: string) => item === here || (item !== '/' && here.startsWith(`${item}/`))

/** The only undo a cookie may offer: restoring a record. */
const RESTORE = /^\/[a-z-]+\/[0-9a-f-]{36}\/restore$/

function noticeFrom(value: string, undoing: (path: string) => Undo): Notice {
  const [text = '', undo = ''] = value.split('|', 2)
  return { kind: 'success', text: decoded(text), undo: RESTORE.test(undo) ? undoing(undo) : undefined }
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text).slice(0, 300)
  } catch {
    return ''
  }
}
