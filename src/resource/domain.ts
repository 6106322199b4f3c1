import type { Permission } from '#src/access/permission.ts'
import type { Endpoint } from '#src/http/endpoint.ts'
import type { Handler } from '#src/platform/jobs/handler.ts'
import type { Schedule } from '#src/platform/jobs/jobs.ts'
import type { AnyMail } from '#src/platform/mail/letter.ts'
import type { NavigationItem } from '#src/ui/frame.ts'

/** An entry of the sidebar. */
export type NavigationEntry = Omit<NavigationItem, 'current'> & {
  /** Permissions the reader needs, all of them. */
  can?: Permission | readonly Permission[]
  /** Only in the platform organization. */
  platform?: boolean
}

/** What a context contributes to the program. */
export type Domain = {
  /** An entity is one line: `...resourceRoutes(vendors)`. */
  routes: readonly Endpoint[]
  /** Entries of one section stand together, in the order of the contexts. */
  navigation?: readonly NavigationEntry[]
  mails?: readonly AnyMail[]
  jobs?: readonly Handler[]
  schedules?: readonly Schedule[]
}
