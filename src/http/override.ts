import type { Endpoint } from '#src/http/endpoint.ts'
import { HttpError } from '#src/http/errors.ts'
import type { Body } from '#src/http/input.ts'

/** The endpoints a write may be for: a form names its method inside its body. */
export function possible(byMethod: ReadonlyMap<string, Endpoint>, method: string): Endpoint[] {
  const named = byMethod.get(method)
  return named && method !== 'POST' ? [named] : [...byMethod.values()].filter((one) => one.method !== 'GET')
}

export function chosen(
  byMethod: ReadonlyMap<string, Endpoint>,
  method: string,
  body: Body | undefined,
): Endpoint {
  const override = method === 'POST' && body?.kind === 'form' ? body.fields._method : undefined
  const named = typeof override === 'string' && /^(PUT|PATCH|DELETE)$/.test(override) ? override : method
  const endpoint = byMethod.get(named === 'HEAD' ? 'GET' : named)
  if (!endpoint)
    throw new HttpError(405, 'This form lacks its method.', {
      headers: { Allow: [...byMethod.keys()].join(', ') },
    })
  return endpoint
}
