import type { Csv } from '#src/http/endpoint.ts'
import { common, nothingRuns } from '#src/http/respond.ts'

type Outgoing = {
  requestId: string
  /** What is left of the limit that a program was counted by. */
  limit?: Record<string, string> | undefined
  /** A HEAD: the headers alone, once it is known that there is something to send. */
  head: boolean
  /** Told of what went wrong once the answer had begun. */
  lost: (error: unknown) => void
}

/**
 * A file that is sent while it is made, as fast as the client reads. What fails before the first piece is thrown;
 * what fails afterwards breaks the connection, so that no cut file looks whole.
 */
export async function respondCsv({ name, chunks }: Csv, { requestId, limit, head, lost }: Outgoing) {
  const iterator = chunks[Symbol.asyncIterator]()
  let next: Promise<IteratorResult<string>> | undefined = Promise.resolve(await iterator.next())
  const encoder = new TextEncoder()
  const body = new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        try {
          const { done, value } = await (next ?? iterator.next())
          next = undefined
          if (done) controller.close()
          else controller.enqueue(encoder.encode(value))
        } catch (error) {
          lost(error)
          controller.error(error)
        }
      },
      cancel: async () => {
        await iterator.return?.()
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
