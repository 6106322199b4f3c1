import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { ConfigError, readConfig, root } from '#src/config.ts'
import { example, table } from '../bin/settings.ts'

const file = (name: string) => readFileSync(join(root, name), 'utf8')
const key = { SECRET_KEY: 'thirty-two characters at the least' }

describe('settings', () => {
  it('stand in .env.example and the documents as they are in the code', () => {
    expect(file('.env.example')).toBe(example())
    expect(file('docs/configuration.md')).toBe(table())
  })

  it('are all named at once where they are wrong', () => {
    const wrong = { ...key, PORT: 'http', ENVIRONMENT: 'staging', URL_PREFIX: 'backoffice/' }
    const read = () => readConfig(wrong)
    expect(read).toThrow(ConfigError)
    for (const name of ['PORT', 'ENVIRONMENT', 'URL_PREFIX'])
      expect(read).toThrow(new RegExp(`^${name}: `, 'm'))
  })

  it('take flags in several spellings and lists in two', () => {
    const read = (overrides: Record<string, string>) => readConfig({ ...key, ...overrides })
    expect(read({ RATE_LIMIT_ENABLED: 'off' }).RATE_LIMIT_ENABLED).toBe(false)
    expect(read({ RATE_LIMIT_ENABLED: 'yes' }).RATE_LIMIT_ENABLED).toBe(true)
    expect(read({ TRUSTED_PROXIES: '10.0.0.1, 10.1.0.0/16' }).TRUSTED_PROXIES).toEqual([
      '10.0.0.1',
      '10.1.0.0/16',
    ])
    expect(read({ TRUSTED_PROXIES: '["10.0.0.1"]' }).TRUSTED_PROXIES).toEqual(['10.0.0.1'])
  })

  it('take a public address with the prefix or without, and no other path', () => {
    const read = (PUBLIC_URL: string, URL_PREFIX = '') =>
      readConfig({ ...key, PUBLIC_URL, URL_PREFIX }).PUBLIC_URL
    for (const url of ['https://a.example.com', 'https://a.example.com/', 'http://a.example.com:81'])
      for (const prefix of ['', '/app']) expect(read(url, prefix)).toBe(url)
    expect(read('https://a.example.com/app/', '/app')).toBe('https://a.example.com/app/')
    for (const prefix of ['', '/other'])
      expect(() => read('https://a.example.com/app', prefix)).toThrow(/^PUBLIC_URL: has a path other/)
    for (const url of ['a.example.com', 'ftp://a.example.com', 'javascript:alert(1)'])
      expect(() => read(url)).toThrow(/^PUBLIC_URL: is not like/)
  })

  it('list origins as browsers send them, and never all of them', () => {
    const read = (CORS_ORIGINS: string) => readConfig({ ...key, CORS_ORIGINS }).CORS_ORIGINS
    expect(read('')).toEqual([])
    expect(read('https://a.example.com,http://localhost:5173')).toEqual([
      'https://a.example.com',
      'http://localhost:5173',
    ])
    expect(read('["https://a.example.com"]')).toEqual(['https://a.example.com'])
    for (const wrong of [
      '*',
      'null',
      'https://*.example.com',
      'a.example.com',
      'https://a.example.com/',
      'https://A.example.com',
      'https://a.example.com:443',
    ])
      expect(() => read(wrong), wrong).toThrow(/^CORS_ORIGINS: holds what is no origin/)
    expect(() => readConfig({ ...key, CORS_ALLOWED_METHODS: 'GET POST' })).toThrow(/^CORS_ALLOWED_METHODS: /)
  })

  it('ask for a secret in production, and make one elsewhere', () => {
    const production = { ENVIRONMENT: 'production', EMAIL_VALIDATION_ENABLED: 'false' }
    expect(() => readConfig(production)).toThrow(/^SECRET_KEY: /)
    expect(readConfig({ ...production, ...key }).SECRET_KEY).toBe(key.SECRET_KEY)
    const both = () => readConfig({ ENVIRONMENT: 'production', PORT: 'http' })
    for (const name of ['PORT', 'EMAIL_VALIDATION_ENABLED', 'SECRET_KEY'])
      expect(both).toThrow(new RegExp(`^${name}: `, 'm'))
  })

  it('want addresses confirmed in production, and a mail server for it', () => {
    const read = (given: Record<string, string>) => readConfig({ ...key, ...given }).EMAIL_VALIDATION_ENABLED
    expect(read({})).toBe(false)
    expect(read({ EMAIL_VALIDATION_ENABLED: 'true' })).toBe(true)
    const production = { ENVIRONMENT: 'production' }
    expect(() => read(production)).toThrow(/^EMAIL_VALIDATION_ENABLED: needs a mail server/)
    const mail = { SMTP_HOST: 'localhost', EMAIL_FROM: 'a@example.com', PUBLIC_URL: 'https://a.example.com' }
    expect(read({ ...production, ...mail })).toBe(true)
    expect(read({ ...production, EMAIL_VALIDATION_ENABLED: 'no' })).toBe(false)
  })
})
