import type { Context } from 'hono'
import type { z } from 'zod'
import type { UserActor } from '#src/access/actor.ts'
import type { Grant } from '#src/access/grant.ts'
import type { ActionOf, ModelOf, Permission } from '#src/access/permission.ts'
import type { RightsCache } from '#src/access/rights.ts'
import type { Config } from '#src/config.ts'
import type { Database, Door } from '#src/db/database.ts'
import type { FieldError } from '#src/errors.ts'
import type { RateClass } from '#src/http/limits.ts'
import type { Find } from '#src/http/search-step.ts'
import type { Upload } from '#src/http/upload.ts'
import type { Frame } from '#src/ui/frame.ts'
import type { Child, Markup } from '#src/ui/html.ts'
import type { ScreenProps } from '#src/ui/layout.tsx'

/** Who may: holders of a permission, anyone signed in (in person or not), or everybody, with the reason. */
export type Access = { can: Permission } | { signedIn: 'in person' | 'by any key' } | { public: string }

type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'

/** A page, without its frame. `plain` is the narrow one for visitors. */
export type Screen = Omit<ScreenProps, 'frame'> & { plain?: boolean; footer?: Child }

/** Draws a page once its frame is known; may first load what only the page shows. */
export type Draw = (frame: Frame) => Screen | Promise<Screen>

export type Answer = {
  status?: number
  json?: unknown
  screen?: Draw
  document?: (frame: Frame) => Markup
  etag?: number
  location?: string
  notice?: string
  /** Path of the POST that undoes it, offered next to the notice. */
  undo?: string | undefined
  headers?: Record<string, string>
  cookies?: string[]
  /** The session is in another organization from now on. */
  sessionChanged?: boolean
  /** A refused form (`kept`), drawn instead of this answer. */
  resumes?: string | undefined
}

export type Csv = {
  name: string
  chunks: AsyncIterable<string>
  sent?: (whole: boolean) => Promise<void>
}

export type Refusal = {
  status: number
  message: string
  errors: FieldError[]
  input: Record<string, unknown>
  version?: number | null
  current?: unknown
}

type Input<S> = S extends z.ZodType ? z.infer<S> : undefined
type Who<A> = A extends { public: string } ? UserActor | null : UserActor
type GrantFor<A> = A extends { can: infer P extends Permission } ? Grant<ModelOf<P>, ActionOf<P>> : undefined

export type Services = {
  config: Config
  db: Database
  rights: RightsCache
  log: Record<'warn' | 'error', (details: object, message: string) => void>
}

export type Call<A = Access, Q = undefined, B = undefined> = {
  c: Context
  services: Services
  db: Door
  actor: Who<A>
  grant: GrantFor<A>
  id: (name?: string) => string
  query: Input<Q>
  body: Input<B>
  rawBody: Record<string, unknown>
  find: Find | null
  file: Upload | undefined
  /** The version the writer has seen (`If-Match`, or the form's); null for none or `*`. */
  version: number | null
  request: { id: string; ip: string | null; userAgent: string; via: 'web' | 'api' }
}

type Only = 'page' | 'json' | 'api'

type Described = {
  answer?: z.ZodType
  /** By default 200, or 204 without an `answer`. */
  status?: 200 | 201 | 202 | 204
  summary?: string
  otherStatuses?: readonly number[]
}

type Options<A, Q, B> = Described & {
  query?: Q
  body?: B
  /** The same rows as a file, for `Accept: text/csv` or `?format=csv`. */
  csv?: (call: Call<A, Q, undefined>) => Csv | Promise<Csv>
  upload?: true
  rate?: RateClass
  /** Answers with a secret, which is never stored for an `Idempotency-Key`. */
  secret?: true
  /** Needs authentication within ten minutes (`/me/confirm`, `POST /auth/confirm`). */
  requiresRecentAuth?: true
  /** Works before the second factor that a role requires. */
  allowedBeforeSecondFactor?: true
  /** Only as a page, only as JSON, or only as JSON below /api. */
  only?: Only
  refused?: (call: Call<A, Q, undefined>, refusal: Refusal) => Draw | Promise<Draw>
  /** Path of the page with the form, unless it is this one or the nearest above. */
  on?: string
}

export type Endpoint = Described & {
  method: Method
  path: string
  access: Access
  query?: z.ZodType
  body?: z.ZodType
  csv?: (call: never) => Csv | Promise<Csv>
  upload?: true
  rate: RateClass
  secret?: true
  requiresRecentAuth?: true
  allowedBeforeSecondFactor?: true
  only?: Only
  handle: (call: never) => Answer | Promise<Answer>
  refused?: (call: never, refusal: Refusal) => Draw | Promise<Draw>
  on?: string
}

export const can = <const P extends Permission>(permission: P) => ({ can: permission })
/** Anyone signed in, in person: no API keys. */
export const signedIn = { signedIn: 'in person' } as const
/** Anyone signed in, API keys included: the handler checks its permission itself. */
export const authenticated = { signedIn: 'by any key' } as const
export const everybody = (reason: string) => ({ public: reason })

const endpoint =
  (method: Method) =>
  <
    A extends Access,
    Q extends z.ZodType | undefined = undefined,
    B extends z.ZodType | undefined = undefined,
  >(
    path: string,
    access: A,
    options: Options<A, Q, B>,
    handle: (call: Call<A, Q, B>) => Answer | Promise<Answer>,
  ): Endpoint => ({ method, path, access, rate: 'api', ...options, handle })

export const get = endpoint('GET')
export const post = endpoint('POST')
export const put = endpoint('PUT')
export const patch = endpoint('PATCH')
export const del = endpoint('DELETE')
