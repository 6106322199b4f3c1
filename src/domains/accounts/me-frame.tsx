import type { Permission } from '#src/access/permission.ts'
import type { Screen } from '#src/http/endpoint.ts'
import { paths } from '#src/paths.ts'
import type { Frame } from '#src/ui/frame.ts'
import type { Child } from '#src/ui/html.ts'
import { Tabs } from '#src/ui/tabs.tsx'

type Tab = { label: string; path: string; can?: Permission }

const tabs: readonly Tab[] = [
  { label: 'Profile', path: paths.me },
  { label: 'Security', path: paths.security },
  { label: 'Sessions', path: paths.mySessions, can: 'session:read' },
  { label: 'API keys', path: paths.myApiKeys, can: 'api_key:read' },
  { label: 'Organizations', path: paths.switchOrganization },
]

/** What the pages about oneself share: the way from one to the other, as far as one may. */
export function meFrame({
  title,
  subtitle,
  here,
  frame,
  children,
}: {
  title: string
  subtitle?: Child
  /** The path of this page. */
  here: string
  frame: Frame
  children?: Child
}): Screen {
  const items = tabs
    .filter(({ can }) => !can || frame.person?.may(can))
    .map(({ label, path }) => ({ label, href: frame.path(path), current: path === here }))
  return {
    title,
    subtitle,
    children: (
      <>
        <Tabs label="Account" items={items} />
        {children}
      </>
    ),
  }
}
