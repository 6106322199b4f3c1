import type { Mutation } from '#tests/mutations/mutation.ts'

/** Who stands in front, on other origins, and beside. */
export const elsewhere: readonly Mutation[] = [
  {
    name: 'every origin is a listed one',
    file: 'src/http/origins.ts',
    find: 'return origin !== undefined && this.#config.CORS_ORIGINS.includes(origin)',
    replace: 'return origin !== undefined && this.#config.CORS_ORIGINS.length > 0',
    tests: ['tests/http/cors.test.ts'],
  },
  {
    name: 'a listed origin is let in beyond the API',
    file: 'src/http/csrf.ts',
    find: "this.#listed = api !== '' && origins.lists(c)",
    replace: 'this.#listed = origins.lists(c)',
    tests: ['tests/http/cors.test.ts'],
  },
  {
    name: 'a listed origin vouches for a cookie',
    file: 'src/http/csrf.ts',
    find: 'if (this.#listed) return false',
    replace: 'if (this.#listed) return true',
    tests: ['tests/http/cors.test.ts'],
  },
  {
    name: 'a cookie is taken from elsewhere where none is to be sent',
    file: 'src/http/csrf.ts',
    find: 'if (this.#listed && !this.#config.CORS_ALLOW_CREDENTIALS) throw refused()',
    replace: '',
    tests: ['tests/http/cors.test.ts'],
  },
  {
    name: 'everybody says by which scheme they came',
    file: 'src/http/origins.ts',
    find: 'return within(TRUSTED_PROXIES, peer) ?',
    replace: 'return peer !== undefined ?',
    tests: ['tests/http/origins.test.ts'],
  },
  {
    name: 'a link of a mail leaves out the prefix',
    file: 'src/platform/public-url.ts',
    find: '(PUBLIC_URL ? new URL(PUBLIC_URL).origin : local) + URL_PREFIX',
    replace: '(PUBLIC_URL ? new URL(PUBLIC_URL).origin : local + URL_PREFIX)',
    tests: ['tests/mail/links.test.ts'],
  },
  {
    name: 'a guess is given back to its address',
    file: 'src/http/act.ts',
    find: 'const answer = await endpoint.handle({ ...call, body: valid } as never)',
    replace:
      'await counting.succeeded(endpoint)\n  const answer = await endpoint.handle({ ...call, body: valid } as never)',
    tests: ['tests/http/limits/attempts.test.ts'],
  },
  {
    name: 'what is answered alike is given back to its address',
    file: 'src/http/limits.ts',
    find: 'if (!proving.includes(rate)) return arrived',
    replace: '',
    tests: ['tests/http/limits/attempts.test.ts'],
  },
  {
    name: 'packed and plain have one tag',
    file: 'src/http/respond.ts',
    find: 'tagOf(text, version, packing.coding)',
    replace: 'tagOf(text, version)',
    tests: ['tests/http/packing.test.ts'],
  },
  {
    name: 'an organization takes the whole pool',
    file: 'src/db/shares.ts',
    find: 'return this.#isContested(orgId) ? this.#few : this.#most',
    replace: 'return 1000',
    tests: ['tests/tenancy/shares.test.ts'],
  },
]
