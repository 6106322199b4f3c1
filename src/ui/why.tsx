import { html, type Markup } from '#src/ui/html.ts'

export interface WhyProps {
  href: string
  about?: string
}

export function Why({ href, about }: WhyProps): Markup {
  return html`<a class="why" href="${href}">Why?${about ? html`<span class="unseen"> ${about}</span>` : null}</a>`
}
