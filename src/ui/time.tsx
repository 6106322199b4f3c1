import type { Clock } from '#src/locale/clock.ts'
import { html, type Markup } from '#src/ui/html.ts'

export interface TimeProps {
  at: string | null | undefined
  clock: Clock
  none?: string
}

/** In the reader's zone and way of writing; js/time.js makes what is near relative. */
export function Time({ at, clock, none = '–' }: TimeProps): Markup {
  if (!at) return html`<span class="nothing">${none}</span>`
  const lang = clock.locale.startsWith('en') ? null : html` lang="${clock.locale}"`
  return html`<time datetime="${at}"${lang}>${clock.time(at)}</time>`
}
