import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { root } from '#src/config.ts'
import { browserOf, send, visitor } from '#tests/client.ts'
import { makePeople } from '#tests/people.ts'
import { testDatabase } from '#tests/setup/database.ts'

const { anotherProcess } = await testDatabase()
const { owner } = await makePeople()
const html = { Accept: 'text/html' }

describe('the page of the documentation', () => {
  test('is for everybody, with a token for whoever is signed in alone', async () => {
    const mine = browserOf(owner)
    const page = await mine.get('/docs')
    expect([page.status, page.headers.get('content-type')]).toEqual([200, 'text/html; charset=UTF-8'])
    const [, csrf_token = ''] = /data-csrf-token="([^"]+)"/.exec(page.text) ?? []
    expect((await mine.post('/users', { csrf_token })).status).toBe(422)
    expect((await mine.post('/users', { csrf_token: `${csrf_token}A` })).status).toBe(403)
    expect((await visitor().get('/docs')).text).toContain('data-csrf-token=""')
  })

  test('has the policy of every page, and nothing that it forbids', async () => {
    const [page, other] = [await browserOf(owner).get('/docs'), await browserOf(owner).get('/users')]
    const policy = (answer: typeof page) =>
      answer.headers.get('content-security-policy')?.replace(/nonce-[^']+/, 'nonce')
    expect(policy(page)).toBe(policy(other))
    expect(policy(page)).not.toMatch(/unsafe|https?:/)
    expect(page.text).not.toMatch(/<script(?![^>]* src=)|<style|\sstyle=|\son\w+=|https?:\/\//)
  })

  test('loads what no other page loads, packed and for good', async () => {
    const page = (await browserOf(owner).get('/docs')).text
    const other = (await browserOf(owner).get('/users')).text
    const files = page.match(/(?<=(?:src|href)=")\/static\/[^"]+\.(?:js|css)/g) ?? []
    expect(files.map((file) => file.split('/').at(-1))).toEqual([
      'swagger-ui.css',
      'docs.css',
      'swagger-ui-bundle.js',
      'docs.js',
    ])
    for (const file of files) {
      expect(other).not.toContain(file)
      const answer = await send(file, { headers: { 'Accept-Encoding': 'gzip' } })
      expect([answer.status, answer.headers.get('content-encoding')]).toEqual([200, 'gzip'])
      expect(answer.headers.get('cache-control')).toContain('immutable')
    }
  })

  test('is where /redoc leads, also under a prefix', async () => {
    await using prefixed = await anotherProcess({ URL_PREFIX: '/backoffice' })
    const at = async (path: string) => send(path, { headers: html }, prefixed.app)
    expect((await send('/redoc', { headers: html })).headers.get('location')).toBe('/docs')
    expect((await at('/backoffice/redoc')).headers.get('location')).toBe('/backoffice/docs')
    expect((await at('/backoffice/docs')).text).toContain('data-openapi="/backoffice/openapi.json"')
  })

  test.each(['swagger-ui-bundle.js', 'swagger-ui.css', 'swagger-ui-bundle.js.LICENSE.txt'])(
    '%s is the pinned package, byte by byte',
    (name) => {
      const [ours, theirs] = [`static/vendor/${name}`, `node_modules/swagger-ui-dist/${name}`].map((path) =>
        readFileSync(join(root, path)),
      )
      expect(theirs && ours?.equals(theirs)).toBe(true)
    },
  )
})
