import type { Mutation } from '#tests/mutations/mutation.ts'

/** What comes and goes as a file. */
export const files: readonly Mutation[] = [
  {
    name: 'a cell is a formula',
    file: 'src/resource/export.ts',
    find: "(FORMULA.test(value) ? `'${value}` : value)",
    replace: "(value === '=' ? `'${value}` : value)",
    tests: ['tests/resource/export.test.ts', 'src/domains/trail/events/events.test.ts'],
  },
  {
    name: 'an export has every row of the organization',
    file: 'src/resource/list/query.ts',
    find: 'const source = (await reachesFew(db, actor, declared)) ? nearest(declared) : declared',
    replace: 'const source = { ...declared, matching: (q: Tx) => q.selectFrom(declared.table) as never }',
    tests: ['tests/resource/licences.test.ts'],
  },
  {
    name: 'a file that broke off looks whole',
    file: 'src/http/csv.ts',
    find: 'controller.error(broken)',
    replace: 'controller.close()',
    tests: ['tests/http/csv.test.ts'],
  },
  {
    name: 'a file is read from who may not send it',
    file: 'src/http/bodies.ts',
    find: 'if (named && asFile) admit',
    replace: 'if (named && !asFile && upload) admit',
    tests: ['tests/http/uploads.test.ts'],
  },
  {
    name: 'a form of a file has any number of parts',
    file: 'src/http/upload.ts',
    find: '++parts > MAX_PARTS',
    replace: '++parts > MAX_PARTS * 1e9',
    tests: ['tests/http/uploads.test.ts'],
  },
  {
    name: 'an import keeps the rows that are right',
    file: 'src/resource/import/import.ts',
    find: 'const kept = !report.error_count && !job.dryRun',
    replace: 'const kept = !job.dryRun',
    tests: ['tests/resource/licences.test.ts'],
  },
  {
    name: 'a dry run keeps what it did',
    file: 'src/resource/import/import.ts',
    find: 'const kept = !report.error_count && !job.dryRun',
    replace: 'const kept = !report.error_count',
    tests: ['tests/resource/licences.test.ts'],
  },
  {
    name: 'an import places records with anybody',
    file: 'src/resource/import/records.ts',
    find: 'const all = newValues(this.#resource, this.#actor, this.#grant, values)',
    replace: 'const all = newValues ? { ...values, created_by: this.#actor.userId } : values',
    tests: ['tests/resource/licences.test.ts'],
  },
  {
    name: 'another person’s staged file is read',
    file: 'src/resource/import/store.ts',
    find: 'id = ${id} and user_id = ${actor.userId} and path = ${path}',
    replace: 'id = ${id} and (user_id = ${actor.userId} or true) and path = ${path}',
    tests: ['tests/resource/import/steps.test.ts', 'tests/resource/import/kept.test.ts'],
  },
]
