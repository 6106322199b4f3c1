import type { HttpBindings } from '@hono/node-server'
import { Cookies } from '#src/http/cookies.ts'
import { csrfToken } from '#src/http/csrf.ts'
import { newToken } from '#src/platform/token.ts'
import type { Person } from '#tests/people.ts'
import { type App, testDatabase } from '#tests/setup/database.ts'

const here = await testDatabase()
const names = new Cookies(here.config)
export const ORIGIN = 'http://localhost'

/** As much of the connection as the application looks at. */
export const connection = { incoming: { socket: { remoteAddress: '192.0.2.7' } } } as unknown as HttpBindings

/** An answer, read to its end. */
export type Answer = {
  status: number
  headers: Headers
  text: string
  json<T = Problem>(): T
}

/** The version that the tag of an answer begins with. */
export const versionOf = ({ headers }: Pick<Answer, 'headers'>) =>
  Number(/^"(\d+)-[0-9a-f]{32}"$/.exec(headers.get('etag') ?? '')?.[1])

/** problem+json, as far as tests look at it. */
export type Problem = {
  title: string
  status: number
  detail: string
  type: string
  request_id: string
  errors?: { path: string; message: string }[]
  current?: unknown
}

/** Sends anything at all to an application, without a person. */
export async function send(path: string, init: RequestInit = {}, app: App = here.app): Promise<Answer> {
  const response = await app.request(path, init, connection)
  const text = await response.text()
  return { status: response.status, headers: response.headers, text, json: () => JSON.parse(text) }
}

type Headers_ = Record<string, string>

/** A program with a bearer token, or without: JSON in, JSON out. */
export class Program {
  readonly #app: App
  readonly #token: string | null

  constructor(token: string | null, app: App) {
    this.#token = token
    this.#app = app
  }

  get = (path: string, headers: Headers_ = {}) => this.#send('GET', path, undefined, headers)
  post = (path: string, body?: object, headers: Headers_ = {}) => this.#send('POST', path, body, headers)
  put = (path: string, body?: object, headers: Headers_ = {}) => this.#send('PUT', path, body, headers)
  patch = (path: string, body?: object, headers: Headers_ = {}) => this.#send('PATCH', path, body, headers)
  delete = (path: string, body?: object, headers: Headers_ = {}) => this.#send('DELETE', path, body, headers)

  #send(method: string, path: string, body: object | undefined, more: Headers_): Promise<Answer> {
    const headers: Headers_ = { Accept: 'application/json', ...more }
    if (this.#token) headers.Authorization = `Bearer ${this.#token}`
    if (body) headers['Content-Type'] = 'application/json'
    return send(path, { method, headers, body: body && JSON.stringify(body) }, this.#app)
  }
}

type Fields = Record<string, string | readonly string[]>

/** A browser: keeps cookies, posts forms with the token of its session, and doesn't follow redirects by itself. */
export class Browser {
  readonly cookies = new Map<string, string>()
  /** The organization that the session entered, away from home. */
  elsewhere: string | null = null
  readonly #app: App

  constructor(session: string | null, app: App) {
    this.#app = app
    // a visitor has the cookie that the page with the form gave them
    if (session) this.cookies.set(names.session, session)
    else this.cookies.set(names.visitor, newToken())
  }

  /** The token that a page's form would hold now. */
  get formToken(): string {
    const bearer = this.cookies.get(names.session) ?? this.cookies.get(names.visitor) ?? ''
    return csrfToken(here.config.SECRET_KEY, this.elsewhere ? `${bearer} ${this.elsewhere}` : bearer)
  }

  get(path: string, headers: Headers_ = {}): Promise<Answer> {
    return this.#send('GET', path, undefined, headers)
  }

  /** Posts a form; `_method` among the fields names another method. */
  post(path: string, fields: Fields = {}, headers: Headers_ = {}): Promise<Answer> {
    const body = new URLSearchParams()
    const all: Fields = { csrf_token: this.formToken, ...fields }
    for (const [name, value] of Object.entries(all)) for (const one of [value].flat()) body.append(name, one)
    const type = {
      'Content-Type': 'application/x-www-form-urlencoded',
      Origin: ORIGIN,
      'Sec-Fetch-Site': 'same-origin',
    }
    return this.#send('POST', path, body.toString(), { ...type, ...headers })
  }

  /** What a form with `method="put"` and the like does. */
  put = (path: string, fields: Fields = {}) => this.post(path, { ...fields, _method: 'PUT' })
  patch = (path: string, fields: Fields = {}) => this.post(path, { ...fields, _method: 'PATCH' })
  delete = (path: string, fields: Fields = {}) => this.post(path, { ...fields, _method: 'DELETE' })

  async #send(method: string, path: string, body: string | undefined, more: Headers_): Promise<Answer> {
    const headers: Headers_ = { Accept: 'text/html,application/xhtml+xml,*/*;q=0.8', ...more }
    if (this.cookies.size)
      headers.Cookie = [...this.cookies].map(([name, value]) => `${name}=${value}`).join('; ')
    const answer = await send(ORIGIN + path, { method, headers, body }, this.#app)
    for (const line of answer.headers.getSetCookie()) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(line) ?? []
      if (/; Max-Age=0(;|$)/.test(line)) this.cookies.delete(name)
      else this.cookies.set(name, value)
    }
    return answer
  }
}

/** A program that acts for the person. */
export const as = (person: Person, app: App = here.app) => new Program(person.token, app)
/** A program that hasn't signed in. */
export const anonymous = (app: App = here.app) => new Program(null, app)
/** The person's browser, signed in. */
export const browserOf = (person: Person, app: App = here.app) => new Browser(person.cookie, app)
/** A browser in which nobody is signed in. */
export const visitor = (app: App = here.app) => new Browser(null, app)
