import { describe, expect, test } from 'vitest'
import { conforms } from '#tests/http/conformance.ts'

describe('an operation', () => {
  test('conforms says what is wrong', () => {
    const answer = (status: number, text: string, type = 'application/json') => ({
      status,
      text,
      headers: new Headers(type ? { 'content-type': type } : {}),
    })
    expect(conforms('GET', '/health', answer(200, '{"status":"ok"}'))).toEqual([])
    expect(conforms('GET', '/api/health/', answer(200, '{"status":7}'))[0]).toMatch(/\/status must be/)
    expect(conforms('GET', '/health', answer(200, '{"status":"ok","more":1}'))[0]).toMatch(/additional/)
    expect(conforms('GET', '/health', answer(418, '{}'))[0]).toMatch(/418 is not declared/)
    expect(conforms('GET', '/health', answer(200, '{}', 'text/plain'))[0]).toMatch(/is of type text\/plain/)
    expect(conforms('GET', '/health', answer(200, '', ''))[0]).toMatch(/has no body/)
    expect(conforms('GET', '/health', answer(500, '{}', 'application/problem+json')).join()).toMatch(
      /required property 'title'/,
    )
    expect(() => conforms('GET', '/nowhere', answer(200, ''))).toThrow(/has no GET/)
  })
})
