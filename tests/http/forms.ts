import { expect } from 'vitest'
import type { Answer } from '#tests/client.ts'

/** What a form sends. */
export type Fields = Record<string, string | string[]>

export const decoded = (text = '') =>
  text.replace(/&(amp|lt|gt|quot|#39);/g, (_, name) => {
    return { amp: '&', lt: '<', gt: '>', quot: '"', '#39': "'" }[name as 'amp'] as string
  })
export const attributes = (tag: string): Record<string, string> =>
  Object.fromEntries(
    [...tag.matchAll(/([\w-]+)="([^"]*)"/g)].map(([, name, value]) => [name, decoded(value)]),
  )

const samples: Record<string, string> = {
  email: 'zoe@example.com',
  date: '2031-02-03',
  'datetime-local': '2031-02-03T04:05',
  number: '7',
}

/** A value as a control of its type holds it: what the type has no form for is gone. */
function held(type: string, value: string): string {
  if (type === 'date') return /^\d{4,}-\d\d-\d\d$/.test(value) ? value : ''
  if (type === 'datetime-local')
    return /^\d{4,}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d(\.\d{1,3})?)?$/.test(value) ? value.replace(' ', 'T') : ''
  if (type === 'number') return value !== '' && Number.isFinite(Number(value)) ? value : ''
  if (type === 'hidden' || type === 'checkbox' || type === 'radio') return value
  const line = value.replace(/[\r\n]/g, '')
  return type === 'email' || type === 'url' ? line.trim() : line
}

const controls = /<input\b[^>]*>|<textarea\b[^>]*>.*?<\/textarea>|<select\b[^>]*>.*?<\/select>/gs

/**
 * What a browser sends of a form, but for passwords and codes.
 * @param typed fills it in: every field with something, every box ticked
 */
export function fieldsIn(form: string, typed?: string): Fields {
  const typing = typed !== undefined
  const fields: Fields = {}
  const add = (name = '', value = '') => {
    const before = fields[name]
    fields[name] = before === undefined ? value : [before, value].flat()
  }
  for (const [tag] of form.matchAll(controls)) {
    const head = tag.slice(0, tag.indexOf('>') + 1)
    const { name, value = '', type = 'text', autocomplete } = attributes(head)
    const secret = type === 'password' || autocomplete === 'one-time-code'
    const left = / disabled\b/.test(head.replace(/"[^"]*"/g, '""'))
    if (!name || left || secret) continue
    if (tag.startsWith('<select')) {
      const options = [...tag.matchAll(/<option\b[^>]*>/g)].map(([option]) => option)
      const chosen = typing ? options.at(-1) : options.findLast((option) => / selected/.test(option))
      if (options.length) add(name, attributes(chosen ?? options[0] ?? '').value)
    } else if (tag.startsWith('<textarea')) {
      const text = decoded(/>\n?(.*)<\/textarea>/s.exec(tag)?.[1])
      add(name, (typed ?? text).replace(/\r\n?|\n/g, '\r\n'))
    } else if (/checkbox|radio/.test(type)) {
      if ((typing && type === 'checkbox') || / checked/.test(head)) add(name, value)
    } else if (type !== 'file') {
      add(name, typing && type !== 'hidden' ? (samples[type] ?? typed) : held(type, value))
    }
  }
  return fields
}

/** A form of a page: where it goes, by which method the program sees it, and what is between its tags. */
export type Form = { action: string; method: string; markup: string }

/** The forms of a page that write. */
export const formsOf = ({ text }: Answer): Form[] =>
  [...text.matchAll(/(<form\b[^>]*>)(.*?)<\/form>/gs)].flatMap(([, head = '', markup = '']) => {
    const { action = '', method = 'get' } = attributes(head)
    if (method !== 'post') return []
    const { _method = 'POST' } = fieldsIn(markup)
    return [{ action, method: String(_method), markup }]
  })

/** The fields of the first form of a page that goes to an address. */
export function formIn(page: Answer, action: string): Fields {
  const form = formsOf(page).find((one) => one.action === action)
  if (!form) return expect.unreachable(`no form for ${action}:\n${page.text.slice(0, 3000)}`)
  return fieldsIn(form.markup)
}
