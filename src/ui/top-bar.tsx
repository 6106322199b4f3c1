import { Avatar } from '#src/ui/avatar.tsx'
import type { Frame, Theme, Viewer } from '#src/ui/frame.ts'
import { html, type Markup } from '#src/ui/html.ts'
import { Icon } from '#src/ui/icon.tsx'
import type { IconName } from '#src/ui/icons.ts'
import { Logo } from '#src/ui/logo.tsx'

export function TopBar({ frame }: { frame: Frame }): Markup {
  return html`<header class="bar">
<button type="button" class="button quiet bar-menu" popovertarget="sidebar" aria-label="Menu">${Icon({ name: 'menu' })}</button>
<a class="brand" href="${frame.path('/')}">${Logo()}<span>${frame.organization}</span></a>
${frame.person ? Opener({ href: frame.path('/palette') }) : null}
${frame.person ? AccountMenu({ frame, person: frame.person }) : null}
</header>`
}

function Opener({ href }: { href: string }): Markup {
  return html`<a class="palette-open" href="${href}" data-palette aria-keyshortcuts="Control+K Meta+K">${Icon({ name: 'search' })}<span>Search or jump to…</span><kbd class="needs-script">Ctrl K</kbd></a>`
}

function AccountMenu({ frame, person }: { frame: Frame; person: Viewer }): Markup {
  return html`<button type="button" class="account" popovertarget="account" aria-label="Account: ${person.name}">${Avatar({ name: person.name })}</button>
<div id="account" class="menu account-menu" popover>
<p class="menu-head"><strong>${person.name}</strong><span>${person.username}</span></p>
<a class="menu-item" href="${frame.path('/me')}">${Icon({ name: 'user' })}Profile</a>
${person.elsewhere ? html`<a class="menu-item" href="${frame.path('/me/switch')}">${Icon({ name: 'arrow-right-left' })}Switch organization</a>` : null}
<button type="button" class="menu-item needs-script" role="switch" aria-checked="true" data-shortcuts>${Icon({ name: 'keyboard' })}Keyboard shortcuts</button>
${ThemeChoice({ theme: frame.theme })}
<form method="post" action="${frame.path('/logout')}" hx-boost="false">
<input type="hidden" name="csrf_token" value="${frame.csrfToken}">
<button type="submit" class="menu-item">${Icon({ name: 'log-out' })}Sign out</button>
</form>
</div>`
}

const themes: { value: Theme; label: string; icon: IconName }[] = [
  { value: 'light', label: 'Light', icon: 'sun' },
  { value: 'dark', label: 'Dark', icon: 'moon' },
  { value: 'system', label: 'System', icon: 'sun-moon' },
]

function ThemeChoice({ theme }: { theme: Theme }): Markup {
  return html`<div class="themes needs-script" role="group" aria-label="Theme">${themes.map(
    ({ value, label, icon }) =>
      html`<button type="button" data-set-theme="${value}" aria-pressed="${String(value === theme)}">${Icon({ name: icon })}${label}</button>`,
  )}</div>`
}
