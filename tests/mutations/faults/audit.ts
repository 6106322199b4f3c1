import type { Mutation } from '#tests/mutations/mutation.ts'

/** What happened stands in the trail, and no more than its reader may see. */
export const audit: readonly Mutation[] = [
  {
    name: 'a refusal leaves no line',
    file: 'src/http/failure.ts',
    find: 'error.status === 403 ? actor : null',
    replace: 'null',
    tests: ['tests/http/routes.test.ts'],
  },
  {
    name: 'a refusal among many leaves no line',
    file: 'src/resource/bulk/outcome.ts',
    find: 'if (refused.denied) await',
    replace: 'if (refused.denied && !id) await',
    tests: ['tests/resource/licences.test.ts'],
  },
  {
    name: 'a refused import leaves no line',
    file: 'src/resource/import/import.ts',
    find: 'if (run.denied) await',
    replace: 'if (denied && !report) await',
    tests: ['src/domains/people/import/people.test.ts'],
  },
  {
    name: 'what a role inherits is not in the trail',
    file: 'migrations/03_access.ts',
    find: "app.lookup_may('select', 'role_parents'),\n        app.audited('role_parents', 'role_parent', 'role_id', array['role_id', 'parent_id'], array['parent_id']);",
    replace: "app.lookup_may('select', 'role_parents');",
    tests: ['src/domains/roles/roles/roles.test.ts'],
  },
  {
    name: 'a key’s hash is in the trail',
    file: 'migrations/10_api_keys.ts',
    find: "array['user_id', 'name', 'prefix', 'former_prefix', 'former_expires_at',",
    replace: "array['user_id', 'name', 'prefix', 'hash', 'former_prefix', 'former_expires_at',",
    tests: ['tests/access/keys/keys.test.ts', 'src/domains/accounts/api-keys/api-keys.test.ts'],
  },
  {
    name: 'the trail doesn’t say which key it was',
    file: 'migrations/05_trail.ts',
    find: "default (nullif(current_setting('app.context', true), '')::jsonb ->> 'key')::uuid,",
    replace: ',',
    tests: ['tests/access/keys/keys.test.ts'],
  },
  {
    name: 'a history names what its reader may not see',
    file: 'src/resource/history/query.ts',
    find: " and ${grant.where('t')}",
    replace: '',
    tests: ['tests/resource/licences.test.ts', 'src/domains/trail/events/events.test.ts'],
  },
  {
    name: 'a history names people that its reader may not see',
    file: 'src/resource/history/query.ts',
    find: 'from users u where u.id = ${id} and ${seen}',
    replace: 'from users u where u.id = ${id}',
    tests: ['src/domains/trail/events/events.test.ts'],
  },
  {
    name: 'an event names what its reader may not see',
    file: 'src/domains/trail/events/queries.ts',
    find: " and ${seen.where('t')}",
    replace: '',
    tests: ['src/domains/trail/events/events.test.ts'],
  },
  {
    name: 'the trail is read beyond the Grant',
    file: 'src/domains/trail/events/queries.ts',
    find: "query = query.where(grant.where('events'))",
    replace: 'query = query.where(grant.where ? sql<boolean>`true` : sql<boolean>`false`)',
    tests: ['src/domains/trail/events/events.test.ts'],
  },
  {
    name: 'who was refused reads which permission it was',
    file: 'src/domains/trail/events/queries.ts',
    find: "events.data - 'wanted' else",
    replace: 'events.data else',
    tests: ['src/domains/trail/events/events.test.ts'],
  },
]
