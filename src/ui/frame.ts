import type { Permission } from '#src/access/permission.ts'
import type { Clock } from '#src/locale/clock.ts'

export interface NavigationItem {
  label: string
  href: string
  icon: string
  current: boolean
  section?: string
  count?: number
}

/** The form that takes back what was just done. */
export interface Undo {
  action: string
  /** The search of the page it stands on, to come back to. */
  back: string
}

export interface Notice {
  kind: 'success' | 'error' | 'info'
  text: string
  undo?: Undo
}

/** What somebody has to keep in mind, and the form that ends it. */
export interface Banner {
  text: string
  action: string
  label: string
}

export type Theme = 'light' | 'dark' | 'system'

/** Whoever looks at a page. */
export interface Viewer {
  id: string
  name: string
  username: string
  /** Whether they are in another organization, too, and can change to it. */
  elsewhere: boolean
  /** Whether they hold the permission, in any scope: for what is shown to them. */
  may: (permission: Permission) => boolean
}

export interface Frame {
  appName: string
  organization: string
  person: Viewer | null
  navigation: NavigationItem[]
  csrfToken: string
  nonce: string
  theme: Theme
  clock: Clock
  asset: (path: string) => string
  path: (path: string) => string
  notice?: Notice | null
  banner?: Banner | null
}
