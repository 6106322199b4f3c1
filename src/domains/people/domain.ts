import { assignmentRoutes } from '#src/domains/people/assignments/routes.tsx'
import { groupRoutes } from '#src/domains/people/directory/group-routes.tsx'
import { userRoutes } from '#src/domains/people/directory/user-routes.tsx'
import { invitationMail } from '#src/domains/people/invitations/mails.ts'
import { invitationRoutes } from '#src/domains/people/invitations/routes.tsx'
import { joiningRoutes } from '#src/domains/people/joining/routes.tsx'
import { profileRoutes } from '#src/domains/people/profile/routes.tsx'
import { serviceAccountRoutes } from '#src/domains/people/service-accounts/routes.ts'
import { paths } from '#src/paths.ts'
import type { Domain } from '#src/resource/domain.ts'

/** Who is in the organization, and where: people, service accounts, groups, invitations. */
export const people: Domain = {
  routes: [
    ...userRoutes,
    ...profileRoutes,
    ...invitationRoutes,
    ...joiningRoutes,
    ...groupRoutes,
    ...assignmentRoutes,
    ...serviceAccountRoutes,
  ],
  navigation: [
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
  ],
  mails: [invitationMail],
}
