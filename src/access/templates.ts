import { builtinPermissions } from '#src/access/model.ts'

type Template = { description: string; permissions: readonly string[] }

/**
 * The roles that come with an organization. A pattern stands for every built-in permission it matches, so templates
 * grow with the models; `*` matches any part.
 */
export const templates: Record<string, Template> = {
  superadmin: { description: 'Every permission, and entering other organizations', permissions: ['*:*:*'] },
  owner: { description: 'Every permission in the organization', permissions: ['*:*:*'] },
  admin: {
    description: 'People, groups, roles and permissions',
    permissions: [
      'user:*:all',
      'role:*:all',
      'permission:*:all',
      'session:read:all',
      'session:delete:all',
      'group:*:all',
      'invitation:*:all',
      'module:*:all',
      'route:*:all',
      'event:read:all',
      'warehouse:*:all',
      'monitoring:read:all',
    ],
  },
  user: {
    description: 'The own profile, sessions and keys; the feed and systems of the own groups',
    permissions: [
      'user:read:own',
      'user:update:own',
      'session:read:own',
      'session:delete:own',
      'api_key:*:own',
      'feed_message:read:group',
      'feed_message:create:group',
      'system:read:group',
    ],
  },
  member: {
    description: 'Works on what belongs to the department',
    permissions: [
      'user:read:own',
      'user:update:own',
      'user:read:group',
      'group:read:group',
      'system:*:group',
      'feed_message:*:group',
    ],
  },
  viewer: {
    description: 'Sees what belongs to the department',
    permissions: [
      'user:read:own',
      'user:read:group',
      'group:read:group',
      'system:read:group',
      'feed_message:read:group',
    ],
  },
  guest: { description: 'Nothing but the own profile', permissions: ['user:read:own'] },
  operator: {
    description: 'Books goods in and out of the own warehouse',
    permissions: [
      'inventory_lot:*:group',
      'movement:create:group',
      'movement:read:group',
      'warehouse:read:group',
      'user:read:group',
      'user:read:own',
      'user:update:own',
    ],
  },
  inventory_manager: {
    description: 'The operator’s work, and adjustments',
    permissions: [
      'inventory_lot:*:group',
      'movement:create:group',
      'movement:read:group',
      'movement:adjust:group',
      'warehouse:read:group',
      'user:read:group',
      'user:read:own',
      'user:update:own',
    ],
  },
  billing_manager: {
    description: 'Tariffs and invoices; no change of stock',
    permissions: [
      'invoice:*:all',
      'tariff:*:all',
      'client:read:all',
      'inventory_lot:read:all',
      'user:read:own',
      'user:update:own',
    ],
  },
  client: {
    description: 'The own lots, movements and invoices',
    permissions: [
      'inventory_lot:read:group',
      'movement:read:group',
      'invoice:read:group',
      'client:read:group',
      'user:read:own',
    ],
  },
}

/** The built-in permissions that a template has today. */
export function permissionsOfTemplate(name: string): string[] {
  const patterns = (templates[name]?.permissions ?? []).map((pattern) => pattern.split(':'))
  return builtinPermissions()
    .filter(({ model, action, scope }) =>
      patterns.some((parts) =>
        [model, action, scope].every((part, index) => parts[index] === '*' || parts[index] === part),
      ),
    )
    .map(({ model, action, scope }) => `${model}:${action}:${scope}`)
}
