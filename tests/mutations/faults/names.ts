import type { Mutation } from '#tests/mutations/mutation.ts'

/** Names that lead nowhere and are nobody else’s, and text that is kept as it came. */
export const names: readonly Mutation[] = [
  {
    name: 'a name is an address',
    file: 'src/domains/accounts/model.ts',
    find: "(name) => !ADDRESS.test(name.normalize('NFKC'))",
    replace: '() => true',
    tests: ['src/domains/people/users/names.test.ts', 'tests/people/names.test.ts'],
  },
  {
    name: 'an address hides in other widths',
    file: 'src/domains/accounts/model.ts',
    find: "ADDRESS.test(name.normalize('NFKC'))",
    replace: 'ADDRESS.test(name)',
    tests: ['src/domains/people/users/names.test.ts'],
  },
  {
    name: 'a name has what can’t be seen',
    file: 'src/resource/kinds/lines.ts',
    find: "!UNSEEN.test(name.replace(SEEN, ''))",
    replace: 'true',
    tests: ['src/domains/people/users/names.test.ts', 'tests/resource/names.test.ts'],
  },
  {
    name: 'a user name mixes alphabets',
    file: 'src/domains/accounts/model.ts',
    find: 'isOfOneAlphabet, ONE_ALPHABET)',
    replace: '() => isOfOneAlphabet !== undefined, ONE_ALPHABET)',
    tests: ['src/domains/people/users/names.test.ts'],
  },
  {
    name: 'free text turns what stands behind it',
    file: 'src/resource/kinds/lines.ts',
    find: '!TURNS.test(text)',
    replace: 'true || TURNS.test(text)',
    tests: ['tests/http/directions.test.ts'],
  },
  {
    name: 'a word of a name mixes alphabets',
    file: 'src/resource/kinds/alphabets.ts',
    find: '.every((word) => WORD.test(word))',
    replace: '.some((word) => WORD.test(word))',
    tests: ['src/domains/people/users/names.test.ts', 'tests/resource/names.test.ts'],
  },
  {
    name: 'a user name only looks Latin',
    file: 'src/domains/accounts/model.ts',
    find: '!LOOKS_LATIN.test(name)',
    replace: 'true',
    tests: ['src/domains/people/users/names.test.ts'],
  },
  {
    name: 'a user name is a word of the addresses',
    file: 'src/domains/accounts/model.ts',
    find: '!RESERVED.test(name)',
    replace: 'true',
    tests: ['src/domains/people/users/names.test.ts'],
  },
  {
    name: 'half of a character goes on to the database',
    file: 'src/http/text.ts',
    find: 'return text.isWellFormed() ? null :',
    replace: 'return text !== null ? null :',
    tests: ['tests/http/text.test.ts'],
  },
  {
    name: 'bytes that are no text become others',
    file: 'src/http/text.ts',
    find: 'if (broken !== undefined) {',
    replace: "if (broken === '') {",
    tests: ['tests/http/text.test.ts'],
  },
  {
    name: 'two records have names that read the same',
    file: 'src/resource/kinds/text.ts',
    find: ".overwrite((sent) => sent.normalize('NFC').replace(/\\s+/gu, ' '))",
    replace: '',
    tests: ['tests/resource/names.test.ts'],
  },
]
