import type { Permission } from '#src/access/permission.ts'
import type { Clock } from '#src/locale/clock.ts'

export interface NavigationItem {
  label: string
  href: string
  icon: string
  current: boolean
  /** Heading it stands under; items of one section follow each other. */
  section?: string
  count?: number
}

/** The form that takes back what was just done. */
export interface Undo {
  /** With the URL prefix. */
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
  /** Where the form goes, with the URL prefix. */
  action: string
  label: string
}

export type Theme = 'light' | 'dark' | 'system'

/** Whoever looks at a page. */
export interface Viewer {
  /** Of the person in just this organization. */
  id: string
  name: string
  username: string
  /** Whether they are in another organization, too, and can change to it. */
  elsewhere: boolean
  /** Whether they hold the permission, in any scope: for what is shown to them. */
  may: (permission: Permission) => boolean
}

/** What every page needs beside its own content. */
export interface Frame {
  appName: string
  organization: string
  person: Viewer | null
  navigation: NavigationItem[]
  csrfToken: string
  nonce: string
  theme: Theme
  /** How whoever looks reads times; a visitor's is nobody's. */
  clock: Clock
  /** 'css/app.css' → '/static/<hash>/css/app.css' */
  asset: (path: string) => string
  /** Adds the URL prefix. */
  path: (path: string) => string
  notice?: Notice | null
  banner?: Banner | null
}
