import type { Banner as BannerProps, Frame } from '#src/ui/frame.ts'
import { html, type Markup } from '#src/ui/html.ts'

/** A strip above every page while somebody acts elsewhere than at home, or as somebody else, with the way back. */
export function Banner({ frame, text, action, label }: BannerProps & { frame: Frame }): Markup {
  return html`<aside class="banner" aria-label="Where you act">
<p>${text}</p>
<form method="post" action="${action}" hx-boost="false">
<input type="hidden" name="csrf_token" value="${frame.csrfToken}">
<button type="submit" class="button">${label}</button>
</form>
</aside>`
}
