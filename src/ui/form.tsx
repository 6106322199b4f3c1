import { afterName } from '#src/locale/instructions.ts'
import { capital } from '#src/locale/noun.ts'
import type { Child } from '#src/ui/html.ts'
import { Why } from '#src/ui/why.tsx'

export interface FieldError {
  path: string
  message: string
}

/** An error as a summary lists it: `named` where its message doesn't name the field by itself. */
type Listed = FieldError & { named?: boolean }

export const errorAt = (errors: readonly FieldError[] | undefined, path: string) =>
  errors?.find((error) => error.path === path)?.message

/** What stood in the way of a form that was sent. */
export interface Refused {
  message: string
  errors: readonly FieldError[]
  input: Record<string, unknown>
  status?: number
  version?: number | null
}

/** The version that a form is about: the one it was filled in with, until whoever sent it learns that it is another. */
export const versionFor = (refusal: Refused | undefined, { version }: { version: number }) =>
  (refusal?.status === 412 ? null : refusal?.version) ?? version

/** What a summary says of a refusal: each field's message, or the one of the whole. */
export const refusalErrors = (refusal: Refused | undefined): Listed[] => {
  if (!refusal) return []
  // a search step refuses nothing: it has nothing to say
  if (!refusal.errors.length) return refusal.message ? [{ path: '', message: refusal.message }] : []
  return refusal.errors.map((error) => ({ ...error, named: true }))
}

/** Name, value and error of a field: what was sent before, else what the record has. */
export const fieldsOf =
  (refusal: Refused | undefined, record: object = {}) =>
  (name: string) => {
    const sent = refusal?.input[name]
    const kept: unknown = typeof sent === 'string' ? sent : (record as Record<string, unknown>)[name]
    return { name, value: typeof kept === 'string' ? kept : undefined, error: errorAt(refusal?.errors, name) }
  }

export interface FormProps {
  action: string
  method?: 'post' | 'put' | 'patch' | 'delete'
  csrfToken: string
  version?: number | string
  id?: string
  multipart?: boolean
  /** Begins or ends a session: a plain page load. */
  leaves?: boolean
  /** Asks before unsaved changes are lost; on by default. */
  guard?: boolean
  /** Holds a table: as wide as the page. */
  wide?: boolean
  children?: Child
}

// A second submit is dropped while the first is under way, and an error leaves the address as it was.
export const writing = { 'hx-sync': 'drop', 'hx-status:4xx': 'push:false', 'hx-status:5xx': 'push:false' }

export function Form(props: FormProps) {
  const { action, method = 'post', id, multipart, leaves, guard = true, wide, children } = props
  return (
    <form
      id={id}
      class={wide ? 'form wide' : 'form'}
      method="post"
      action={action}
      enctype={multipart ? 'multipart/form-data' : undefined}
      novalidate
      data-guard={guard && !leaves ? '' : undefined}
      {...(leaves ? { 'hx-boost': 'false' } : writing)}
    >
      <Hidden csrfToken={props.csrfToken} method={method} version={props.version} />
      {children}
    </form>
  )
}

export function Hidden(props: { csrfToken: string; method?: string; version?: number | string }) {
  const { csrfToken, method = 'post', version } = props
  return (
    <>
      <input type="hidden" name="csrf_token" value={csrfToken} />
      {method === 'post' ? null : <input type="hidden" name="_method" value={method.toUpperCase()} />}
      {version === undefined ? null : <input type="hidden" name="version" value={String(version)} />}
    </>
  )
}

export interface ErrorSummaryProps {
  errors: readonly Listed[] | undefined
  title?: string
}

const problems = (count: number) => (count === 1 ? 'There is a problem' : `There are ${count} problems`)

/** Takes the focus: on a page load by autofocus, after a swap by htmx, which honours it. */
export function ErrorSummary({ errors, title }: ErrorSummaryProps) {
  const [first, ...more] = errors ?? []
  if (!first) return null
  // of none of the fields, and alone: it says all there is
  const whole = title === undefined && !first.path && !more.length ? first.message : null
  return (
    <div class="error-summary" role="alert" tabindex={-1} autofocus>
      <p class="error-summary-title">{whole ?? title ?? problems(1 + more.length)}</p>
      {whole ? null : (
        <ul>
          {[first, ...more].map((error) => (
            <Wrong {...error} />
          ))}
        </ul>
      )}
    </div>
  )
}

/** The field's name stands apart, so that `withLabels` finds it; a list's entry is one of its field's. */
function Wrong({ path, message, named }: Listed) {
  const [field = ''] = path.split('.')
  if (!field) return <li>{message}</li>
  if (!named)
    return (
      <li>
        <a href={`#${field}`}>{message}</a>
      </li>
    )
  const name = field.replace(/_ids?$/, '').replaceAll('_', ' ')
  return (
    <li>
      <a href={`#${field}`}>
        <span data-field={field}>{capital(name)}</span>
        {afterName(message)}
      </a>
    </li>
  )
}

/** A page whose summary names fields as their labels do: these stand further down, in the form itself. */
export const withLabels = (page: string): string =>
  page.replace(/<span data-field="([\w-]+)">([^<]*)<\/span>/g, (_, field, name) => {
    const label = new RegExp(`<label for="${field}">([^<]+)|id="${field}"[^>]*><legend>([^<]+)`).exec(page)
    return label?.[1] ?? label?.[2] ?? name
  })

export interface RefusalSummaryProps {
  title: string
  message: string
  /** The page that explains it. */
  why?: string | undefined
}

/** What stood in the way of a form as a whole: above it, or above the page that it stands on. */
export function RefusalSummary({ title, message, why }: RefusalSummaryProps) {
  return (
    <div class="error-summary" role="alert" tabindex={-1} autofocus>
      <p class="error-summary-title">{title}</p>
      <p>
        {message} {why ? <Why href={why} about="was this refused" /> : null}
      </p>
    </div>
  )
}

export function Fieldset({ legend, hint, children }: { legend: string; hint?: Child; children?: Child }) {
  return (
    <fieldset class="fieldset">
      <legend>{legend}</legend>
      {hint ? <p class="hint">{hint}</p> : null}
      {children}
    </fieldset>
  )
}

/** The row of buttons at the end of a form; the primary one first. */
export function Actions({ children }: { children?: Child }) {
  return <div class="form-actions">{children}</div>
}
