import { apiKeyRoutes } from '#src/domains/accounts/api-keys/routes.tsx'
import { linkRoutes } from '#src/domains/accounts/email-links/routes.tsx'
import { verifyRoutes } from '#src/domains/accounts/email-links/verify-routes.tsx'
import { ownSessionRoutes } from '#src/domains/accounts/own-sessions/routes.tsx'
import { passwordMails } from '#src/domains/accounts/passwords/mails.ts'
import { passwordRoutes } from '#src/domains/accounts/passwords/routes.tsx'
import { reauthenticationRoutes } from '#src/domains/accounts/reauthentication/routes.tsx'
import { registrationRoutes } from '#src/domains/accounts/registration/routes.tsx'
import { secondFactorApiRoutes } from '#src/domains/accounts/second-factor/api-routes.ts'
import { secondFactor } from '#src/domains/accounts/second-factor/mails.ts'
import { secondFactorRoutes } from '#src/domains/accounts/second-factor/routes.tsx'
import { securityApiRoutes } from '#src/domains/accounts/security/api-routes.ts'
import { accountMails } from '#src/domains/accounts/security/mails.ts'
import { securityRoutes } from '#src/domains/accounts/security/routes.tsx'
import { sessionRoutes } from '#src/domains/accounts/sessions/routes.tsx'
import { codeRoutes } from '#src/domains/accounts/sign-in/code-routes.tsx'
import { resumeRoutes } from '#src/domains/accounts/sign-in/resume-routes.tsx'
import { signInRoutes } from '#src/domains/accounts/sign-in/routes.tsx'
import { switchRoutes } from '#src/domains/accounts/switching/routes.tsx'
import { tokenRoutes } from '#src/domains/accounts/tokens/routes.ts'
import { paths } from '#src/paths.ts'
import type { Domain } from '#src/resource/domain.ts'

/** How one signs in, and stays so: passwords, second factor, links in mails, sessions, API keys. */
export const accounts: Domain = {
  routes: [
    ...registrationRoutes,
    ...passwordRoutes,
    ...verifyRoutes,
    ...linkRoutes,
    ...securityRoutes,
    ...securityApiRoutes,
    ...codeRoutes,
    ...reauthenticationRoutes,
    ...resumeRoutes,
    ...secondFactorRoutes,
    ...secondFactorApiRoutes,
    ...tokenRoutes,
    ...switchRoutes,
    ...signInRoutes,
    ...ownSessionRoutes,
    ...sessionRoutes,
    ...apiKeyRoutes,
  ],
  navigation: [
    {
      label: 'Sessions',
      href: paths.sessions,
      icon: 'monitor-smartphone',
      section: 'Organization',
      can: 'session:read',
    },
    { label: 'API keys', href: paths.apiKeys, icon: 'key', section: 'Access', can: 'api_key:read' },
  ],
  mails: [...passwordMails, ...accountMails, secondFactor],
}
