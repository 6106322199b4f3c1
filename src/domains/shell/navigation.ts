import type { UserActor } from '#src/access/actor.ts'
import type { Permission } from '#src/access/permission.ts'
import { capital } from '#src/locale/noun.ts'
import { paths } from '#src/paths.ts'
import { allResources } from '#src/resource/entity.ts'
import type { NavigationItem } from '#src/ui/frame.ts'

type Item = Omit<NavigationItem, 'current'> & {
  can?: Permission | readonly Permission[]
  /** Only in the platform organization. */
  platform?: boolean
}

const items: Item[] = [
  { label: 'Home', href: paths.home, icon: 'house' },
  { label: 'People', href: paths.users, icon: 'users', section: 'Organization', can: 'user:read' },
  {
    label: 'Invitations',
    href: paths.invitations,
    icon: 'mail',
    section: 'Organization',
    can: 'invitation:read',
  },
  { label: 'Groups', href: paths.groups, icon: 'folder-tree', section: 'Organization', can: 'group:read' },
  {
    label: 'Departments',
    href: paths.departments,
    icon: 'network',
    section: 'Organization',
    can: 'group:read',
  },
  {
    label: 'Service accounts',
    href: paths.serviceAccounts,
    icon: 'server',
    section: 'Organization',
    can: 'user:create',
  },
  {
    label: 'Sessions',
    href: paths.sessions,
    icon: 'monitor-smartphone',
    section: 'Organization',
    can: 'session:read',
  },
  {
    label: 'API keys',
    href: paths.apiKeys,
    icon: 'key',
    section: 'Access',
    can: 'api_key:read',
  },
  { label: 'Roles', href: paths.roles, icon: 'shield-check', section: 'Access', can: 'role:read' },
  {
    label: 'Permissions',
    href: paths.permissions,
    icon: 'key-round',
    section: 'Access',
    can: 'permission:read',
  },
  {
    label: 'Role matrix',
    href: paths.access.matrix,
    icon: 'grid-3x3',
    section: 'Access',
    can: ['role:read', 'permission:read'],
  },
  { label: 'Access check', href: paths.access.explain, icon: 'life-buoy', section: 'Access' },
  { label: 'Audit log', href: paths.events, icon: 'scroll-text', section: 'Access', can: 'event:read' },
  {
    label: 'Organizations',
    href: paths.organizations,
    icon: 'building-2',
    section: 'Platform',
    can: 'organization:read',
    platform: true,
  },
]

/** What the place of a path is called: `/api/v1/users/…` is "People". */
export function placeOf(path: string): string | null {
  const asked = path.replace(/^\/api(\/v\d+)?(?=\/)/, '')
  const places = [
    ...items.map(({ label, href }) => ({ label, href })),
    ...allResources().map(({ declared, path: href }) => ({ label: capital(declared.many), href })),
  ]
  const found = places.filter(({ href }) => asked === href || asked.startsWith(`${href}/`))
  return found.sort((a, b) => b.href.length - a.href.length)[0]?.label ?? null
}

/** What stands in the sidebar: only where the person may go. */
export const navigationFor = (actor: UserActor) =>
  items.filter(
    ({ can, platform }) =>
      (!can || [can].flat().every((one) => actor.can(one))) &&
      (!platform || actor.identity.organization.kind === 'platform'),
  )
