import { counted, type Noun } from '#src/locale/noun.ts'
import { Button } from '#src/ui/button.tsx'
import { type Child, html, type Markup } from '#src/ui/html.ts'
import { Icon } from '#src/ui/icon.tsx'
import type { IconName } from '#src/ui/icons.ts'
import type { ListUrl } from '#src/ui/list-url.ts'
import { Why } from '#src/ui/why.tsx'

export type Tone = 'good' | 'warn' | 'bad' | 'info' | 'plain'

/** A state in one word; the dot repeats it in colour. */
export function Badge({ tone = 'plain', children }: { tone?: Tone; children?: Child }): Markup {
  return html`<span class="badge ${tone}">${children}</span>`
}

export interface EmptyStateProps {
  icon?: IconName
  title: string
  text?: Child
  children?: Child
}

export function EmptyState({ icon = 'box', title, text, children }: EmptyStateProps) {
  return (
    <div class="empty">
      <Icon name={icon} />
      <p class="empty-title" data-result={title}>
        {title}
      </p>
      {text ? <p class="empty-text">{text}</p> : null}
      {children ? <div class="empty-actions">{children}</div> : null}
    </div>
  )
}

/** Nothing matches: `clear` is the list's address without search and filters. */
export function NoMatch({ clear, many }: { clear: string; many?: string }) {
  const title = many ? `No ${many} match` : 'Nothing matches'
  return (
    <EmptyState icon="search" title={title} text="Try a different search or clear the filters.">
      <a class="button plain" href={clear}>
        Clear filters
      </a>
    </EmptyState>
  )
}

/** There may be some; none of them are the reader's to see. */
export function NoAccess({ title }: { title: string }) {
  return <EmptyState icon="lock" title={title} text="Ask an administrator for access." />
}

export interface PastTheEndProps {
  noun: Noun
  total: number
  capped: boolean
  limit: number
  listUrl: ListUrl
}

/** A page that has no rows, or none any more, of a list that has some. */
export function PastTheEnd({ noun, total, capped, limit, listUrl }: PastTheEndProps) {
  const last = capped ? null : Math.floor((total - 1) / limit) * limit
  const there = capped ? `more than ${counted(total, noun)}` : counted(total, noun)
  return (
    <EmptyState
      icon="list"
      title={`No ${noun.many} on this page`}
      text={`The list has ${there}, on its other pages.`}
    >
      {last ? (
        <a class="button primary" href={listUrl({ offset: String(last), limit: String(limit) })}>
          Last page
        </a>
      ) : null}
      <a class="button plain" href={listUrl({})}>
        First page
      </a>
    </EmptyState>
  )
}

export interface ErrorPageProps {
  status: number
  title?: string
  detail?: Child
  requestId?: string
  next?: { label: string; href: string }
  why?: string | undefined
  again?: { action: string; fields: readonly (readonly [name: string, value: string])[] } | undefined
}

export function ErrorPage({ status, title, detail, requestId, next, why, again }: ErrorPageProps) {
  return (
    <section class="error-page">
      {title ? <h2>{title}</h2> : null}
      {detail || why ? (
        <p>
          {detail} {why ? <Why href={why} about="was this refused" /> : null}
        </p>
      ) : null}
      {again ? (
        <form method="post" action={again.action} hx-boost="false">
          {again.fields.map(([name, value]) => (
            <input type="hidden" name={name} value={value} />
          ))}
          <p>What you entered is kept.</p>
          <Button kind="primary">Try again</Button>
        </form>
      ) : null}
      {next ? (
        <p>
          <a class={`button ${again ? 'plain' : 'primary'}`} href={next.href}>
            {next.label}
          </a>
        </p>
      ) : null}
      <p class="error-page-id">
        Status {status}
        {requestId ? (
          <>
            , request <code>{requestId}</code> <CopyButton text={requestId} label="Copy request ID" />
          </>
        ) : null}
      </p>
    </section>
  )
}

export interface Fact {
  label: string
  value: Child
}

export function Facts({ items }: { items: readonly Fact[] }) {
  return (
    <dl class="facts">
      {items.map(({ label, value }) => (
        <div>
          <dt>{label}</dt>
          <dd>{value ?? <span class="nothing">–</span>}</dd>
        </div>
      ))}
    </dl>
  )
}

export function CopyButton({ text, label = 'Copy' }: { text: string; label?: string }) {
  return (
    <button
      type="button"
      class="button quiet small copy needs-script"
      data-copy={text}
      aria-label={label}
      title={label}
    >
      <Icon name="copy" />
    </button>
  )
}
