import { setTimeout as sleep } from 'node:timers/promises'
import { Revoked } from '#src/access/renewal.ts'
import type { Csv } from '#src/http/endpoint.ts'
import type { Common } from '#src/http/origins.ts'
import { nothingRuns } from '#src/http/policy.ts'
import { STOPPED } from '#src/http/stopped.ts'
import type { Visit } from '#src/http/visit.ts'

type Outgoing = {
  requestId: string
  common: Common
  limit?: Record<string, string> | undefined
  head: boolean
  recheck: () => Promise<void>
  lost: (error: unknown) => void
}

/** Tells Excel that the file is UTF-8. */
const MARK = '\uFEFF'

const LEAVING_MS = 500

async function respondCsv(
  { name, chunks, sent = async () => {} }: Csv,
  { requestId, common, limit, head, recheck, lost }: Outgoing,
) {
  const iterator = chunks[Symbol.asyncIterator]()
  let next: Promise<IteratorResult<string>> | undefined = Promise.resolve(await iterator.next())
  let broken: unknown
  const further = async () => {
    const piece = await iterator.next()
    await recheck()
    return piece
  }
  const encoder = new TextEncoder()
  let begun = false
  const body = new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        if (broken) {
          await sleep(LEAVING_MS)
          controller.error(broken)
          return
        }
        try {
          const { done, value } = await (next ?? further())
          next = undefined
          if (done) {
            await sent(true)
            controller.close()
          } else controller.enqueue(encoder.encode(begun ? value : MARK + value))
          begun = true
        } catch (error) {
          broken = error
          lost(error)
          // the original error is already reported
          if (begun) void sent(false).catch(() => {})
          void iterator.return?.()
          const why = error instanceof Revoked ? 'your access changed.' : 'something went wrong.'
          controller.enqueue(encoder.encode(`${STOPPED} ${why}\r\n`))
        }
      },
      cancel: async () => {
        await iterator.return?.()
        if (begun) await sent(false).catch(lost)
      },
    },
    { highWaterMark: 0 },
  )
  if (head) await body.cancel()
  return new Response(head ? null : body, {
    headers: {
      ...common,
      ...limit,
      'X-Request-Id': requestId,
      'Content-Security-Policy': nothingRuns,
      'Content-Type': 'text/csv; charset=utf-8',
      'Content-Disposition': `attachment; filename="${name.replace(/[^\w.-]+/g, '-')}.csv"`,
      'Cache-Control': 'private, no-store',
    },
  })
}

export function respondFile(visit: Visit, csv: Csv): Promise<Response> {
  const { c, app, info, actor, counting } = visit
  return respondCsv(csv, {
    requestId: info.id,
    common: app.origins.headers(c, info.api),
    limit: counting.headers,
    head: c.req.raw.method === 'HEAD',
    recheck: async () => actor?.renewal?.recheck(),
    lost: (error) => brokenOff(visit, error),
  })
}

function brokenOff({ app: { log, denied }, info: { id: request, path }, actor }: Visit, thrown: unknown) {
  const failed = (err: unknown) => log.error({ err, request, path }, 'file broke off')
  if (thrown instanceof Revoked && actor) denied(actor, thrown.wanted, path).catch(failed)
  else failed(thrown)
}
