import type { Mutation } from '#tests/mutations/mutation.ts'

const tests = ['tests/resource/bulk-confirmed.test.ts', 'tests/resource/bulk-consequences.test.ts']

/** What is done to many is done to those that somebody confirmed. */
export const many: readonly Mutation[] = [
  {
    name: 'a list that limits nothing selects all',
    file: 'src/resource/bulk/selection.ts',
    find: 'if (!wordsOf(view.q).length && !Object.keys(view.filters).length)',
    replace: 'if (!view)',
    tests: ['tests/resource/licences.test.ts'],
  },
  {
    name: 'a selection that names a page stands for all pages',
    file: 'src/resource/bulk/selection.ts',
    find: 'if (paging.length)',
    replace: 'if (paging.length > 9)',
    tests,
  },
  {
    name: 'what nobody confirmed is done',
    file: 'src/resource/bulk/selection.ts',
    find: "('ids' in selection && missing.length === 2)",
    replace: 'missing.length === 2',
    tests,
  },
  {
    name: 'as many others are done as were confirmed',
    file: 'src/resource/bulk/selection.ts',
    find: '(hash === hashOf(ids) && count === ids.length)',
    replace: 'count === ids.length',
    tests,
  },
  {
    name: 'a question names whom its reader can’t see',
    file: 'src/resource/record/removal-routes.tsx',
    find: "const reading = findGrant(resource, actor, 'read')",
    replace:
      "const reading = findGrant(resource, actor, 'read') ?? (findGrant(resource, actor, 'delete') as unknown as Grant<M, 'read'>)",
    tests: ['tests/resource/licences.test.ts'],
  },
  {
    name: 'what a group’s people lose is told beyond one’s scope',
    file: 'src/domains/people/groups/queries.ts',
    find: "g.deleted_at is null and ${grant.where('g')})",
    replace: 'g.deleted_at is null)',
    tests,
  },
  {
    name: 'an empty list of sessions ends all of a person',
    file: 'src/domains/accounts/sessions/model.ts',
    find: 'z.array(z.uuid()).min(1).max(1000)',
    replace: 'z.array(z.uuid()).max(1000)',
    tests: ['src/domains/accounts/sessions/sessions.test.ts'],
  },
]
