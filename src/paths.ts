/** Every path of the program, without the URL prefix. `:id` in place of an id gives the route's pattern. */
export const paths = {
  home: '/',
  login: '/login',
  logout: '/logout',
  register: '/register',
  me: '/me',
  palette: '/palette',
  mySession: (id: string) => `/me/sessions/${id}`,
  users: '/users',
  newUser: '/users/new',
  usersMe: '/users/me',
  user: (id: string) => `/users/${id}`,
  editUser: (id: string) => `/users/${id}/edit`,
  userPermissions: (id: string) => `/users/${id}/permissions`,
  toggleUser: (id: string) => `/users/${id}/toggle-status`,
  restoreUser: (id: string) => `/users/${id}/restore`,
  groups: '/groups',
  group: (id: string) => `/groups/${id}`,
  departments: '/departments',
  /** Beneath `/groups` or `/departments`. */
  groupTree: (base: string) => `${base}/tree`,
  groupMembers: (base: string, id: string) => `${base}/${id}/members`,
  groupMember: (base: string, id: string, user: string) => `${base}/${id}/members/${user}`,
  events: '/events',
  event: (id: string) => `/events/${id}`,
  sessions: '/sessions',
  session: (id: string) => `/sessions/${id}`,
  organizations: '/organizations',
  newOrganization: '/organizations/new',
  leaveOrganization: '/organizations/leave',
  organization: (id: string) => `/organizations/${id}`,
  editOrganization: (id: string) => `/organizations/${id}/edit`,
  enterOrganization: (id: string) => `/organizations/${id}/enter`,
  compareRoles: '/roles/compare',
  access: {
    explain: '/access/explain',
    check: '/access/check',
    matrix: '/access/matrix',
    /** The explanation of one question, or of a request that was refused. */
    why: (question: { user?: string; permission?: string; record?: string; request?: string }) =>
      `/access/explain?${new URLSearchParams(question)}`,
  },
  health: '/health',
  ready: '/health/ready',
  openapi: '/openapi.json',
  docs: '/docs',
  redoc: '/redoc',
  static: (hash: string, file: string) => `/static/${hash}/${file}`,
  auth: {
    login: '/auth/login',
    logout: '/auth/logout',
    register: '/auth/register',
    me: '/auth/me',
  },
} as const

/** A path of our own to go on to after sign-in; anything else leads home. */
export function safeNext(next: string | undefined | null): string {
  if (!next?.startsWith('/') || /^\/[/\\]/.test(next) || /[\p{Cc}\\]/u.test(next)) return paths.home
  return next
}
