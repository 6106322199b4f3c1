import type { Context } from 'hono'
import type { Actor } from '#src/access/actor.ts'
import { admit } from '#src/http/admit.ts'
import type { AppContext } from '#src/http/app-context.ts'
import { unauthenticated } from '#src/http/authenticate.ts'
import type { Counting } from '#src/http/counting.ts'
import type { FormTokens } from '#src/http/csrf.ts'
import type { Endpoint } from '#src/http/endpoint.ts'
import { type Body, bodyType, readBody } from '#src/http/input.ts'
import { refuseLarge } from '#src/http/intake.ts'
import { possible } from '#src/http/override.ts'
import { FORM, formOf } from '#src/http/refused-form.ts'
import type { RequestInfo } from '#src/http/request-info.ts'
import { isUpload } from '#src/http/upload.ts'

type ByMethod = ReadonlyMap<string, Endpoint>

/** The body of one request, read once it is known who sends it and how much of it they may send. */
export class Bodies {
  readonly #c: Context
  readonly #around: Pick<AppContext, 'config' | 'intake'>
  readonly #asked: RequestInfo
  readonly #forms: FormTokens
  readonly #counting: Counting
  #vouched = false

  constructor(
    c: Context,
    around: Pick<AppContext, 'config' | 'intake'>,
    asked: RequestInfo,
    forms: FormTokens,
    counting: Counting,
  ) {
    this.#c = c
    this.#around = around
    this.#asked = asked
    this.#forms = forms
    this.#counting = counting
  }

  /** Whether the browser says that what was read is from here. */
  get vouched(): boolean {
    return this.#vouched
  }

  /**
   * Read for those alone who may send it, and after it was counted where it is an attempt. Which endpoint a form is for
   * stands in the form, so that nobody is asked yet for more than to be signed in.
   */
  async read(byMethod: ByMethod, sender: Actor | null): Promise<Body> {
    const { config, intake } = this.#around
    const named = byMethod.get(this.#c.req.method)
    const all = possible(byMethod, this.#c.req.method)
    if (!sender && !all.some(({ access }) => 'public' in access)) throw unauthenticated()
    const upload = named?.upload === true
    const asFile = upload && isUpload(bodyType(this.#c))
    if (named && asFile) admit(named, sender)
    const largest = asFile ? config.IMPORT_LIMIT_MB * 1024 * 1024 : config.BODY_LIMIT_KB * 1024
    const most = intake.most(largest, sender, bodyType(this.#c) === FORM)
    refuseLarge(this.#c, most)
    this.#vouched = !this.#asked.bearer && this.#forms.checkOrigin()
    const likely = named ?? all[0]
    if (likely) await this.#counting.arrive(likely)
    return readBody(this.#c, { upload, read: (c) => intake.read(c, most, sender) })
  }

  /** A form of ours that was refused before it was read; null where there is none. @throws {HttpError} 413 and others */
  kept(sender: Actor | null): Promise<Body | null> {
    const { intake, config } = this.#around
    const most = intake.most(config.BODY_LIMIT_KB * 1024, sender, true)
    return formOf(this.#c, this.#forms, (c) => intake.read(c, most, sender))
  }
}
