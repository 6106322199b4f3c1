import type { Notice as NoticeProps } from '#src/ui/frame.ts'
import { html, type Markup } from '#src/ui/html.ts'
import { Icon } from '#src/ui/icon.tsx'

const icons = { success: 'circle-check', error: 'circle-alert', info: 'info' } as const

function Notice({ kind, text }: NoticeProps): Markup {
  return html`<p class="notice ${kind}">${Icon({ name: icons[kind] })}<span>${text}</span></p>`
}

/** The live region has to be there before anything is put in it. What can be undone stands in the page (`Undo`). */
export function Notices({ notice, apart }: { notice?: NoticeProps | null; apart?: boolean }): Markup {
  const oob = apart ? html` hx-swap-oob="innerHTML"` : null
  return html`<div id="notices" class="notices" role="status"${oob}>${notice && !notice.undo ? Notice(notice) : null}</div>`
}
