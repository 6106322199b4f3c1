import { html, type Markup } from '#src/ui/html.ts'

export interface WhyProps {
  /** The page that explains it. */
  href: string
  /** What it is about, for who can't see where the link stands. */
  about?: string
}

/** A quiet link to the reason. */
export function Why({ href, about }: WhyProps): Markup {
  return html`<a class="why" href="${href}">Why?${about ? html`<span class="unseen"> ${about}</span>` : null}</a>`
}
