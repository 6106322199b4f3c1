import { html, type Markup } from '#src/ui/html.ts'

export interface TimeProps {
  /** An instant; a string has to be in UTC. */
  at: string | Date | null | undefined
  /** Stands where there is none. */
  none?: string
}

/** Absolute and in UTC from the server; js/time.js makes it relative and local, in the same space. */
export function Time({ at, none = '–' }: TimeProps): Markup {
  if (!at) return html`<span class="nothing">${none}</span>`
  const iso = typeof at === 'string' ? at : at.toISOString()
  const shown = `${iso.slice(0, 10)} ${iso.slice(11, 16)}`
  return html`<time datetime="${iso}" title="${shown} UTC">${shown}</time>`
}
