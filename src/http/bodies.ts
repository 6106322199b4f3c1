import type { Context } from 'hono'
import { admit } from '#src/http/admit.ts'
import { unauthenticated } from '#src/http/authenticate.ts'
import { type Body, bodyType, readBody } from '#src/http/input.ts'
import { refuseLarge } from '#src/http/intake.ts'
import { chosen, possible } from '#src/http/override.ts'
import { isUpload } from '#src/http/upload.ts'
import type { Visit } from '#src/http/visit.ts'

const FORM = 'application/x-www-form-urlencoded'

/** Checks sender, size and limits before reading. A form names its endpoint itself, so its permission comes later. */
export async function bodyOf(visit: Visit): Promise<Body> {
  const { c, app, info, byMethod, counting, forms, actor } = visit
  const { config, intake } = app
  const named = byMethod.get(c.req.method)
  const all = possible(byMethod, c.req.method)
  if (!actor && !all.some(({ access }) => 'public' in access)) throw unauthenticated()
  const upload = named?.upload === true
  const asFile = upload && isUpload(bodyType(c))
  if (named && asFile) admit(named, actor)
  const largest = asFile ? config.IMPORT_LIMIT_MB * 1024 * 1024 : config.BODY_LIMIT_KB * 1024
  const most = intake.most(largest, actor, bodyType(c) === FORM)
  refuseLarge(c, most)
  const vouched = !info.bearer && forms.checkOrigin()
  const likely = named ?? all[0]
  if (likely) await counting.arrive(likely)
  const body = await readBody(c, { upload, read: (c) => intake.read(c, most, actor) })
  if (body.kind === 'form' && vouched) visit.fields = body.fields
  return body
}

/** Keeps the input of a form that was refused before it was read. */
export async function keepForm(visit: Visit): Promise<void> {
  const { c, app, info, byMethod, forms, actor } = visit
  if (info.bearer) return
  try {
    const unread = bodyType(c) === FORM && !c.req.raw.bodyUsed
    const most = app.intake.most(app.config.BODY_LIMIT_KB * 1024, actor, true)
    const reading = { upload: false, read: (c: Context) => app.intake.read(c, most, actor) }
    const body = unread && forms.checkOrigin() ? await readBody(c, reading) : null
    visit.endpoint = body && chosen(byMethod, c.req.method, body)
    visit.fields = body?.fields ?? null
  } catch {}
}
