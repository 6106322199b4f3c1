import { z } from 'zod'
import {
  type Command,
  type CommandInput,
  type Outcome,
  operator,
  REASON,
  text,
  valid,
} from '#src/cli/command.ts'
import { asOwner } from '#src/cli/connection.ts'
import { because, breaking, Refused } from '#src/cli/operations/accounts.ts'
import { UsageError } from '#src/cli/prompt.ts'
import { type DeadJob, deadJobs, dropDead, noteJobs, retryDead, type Which } from '#src/platform/jobs/dead.ts'

/** `jobs:dead`. */
export const jobsCommand: Command = {
  usage: '[--retry | --drop] [--id ID | --job KIND | --all] [--reason TEXT] [--json]',
  does: 'lists, retries or deletes jobs that failed for good',
  help: `Lists them, oldest first, at most a thousand.
Options:
  --retry              queues them again, each at its first attempt
  --drop               deletes them
  --id ID, --job KIND  one of them, or those of a kind (mail, tidy …)
  --all                all of them; --retry and --drop require one of the three
${REASON}`,
  options: {
    retry: { type: 'boolean' },
    drop: { type: 'boolean' },
    id: { type: 'string' },
    job: { type: 'string' },
    all: { type: 'boolean' },
    reason: { type: 'string' },
  },
  takes: 0,
  run: working,
}

async function working(given: CommandInput): Promise<Outcome> {
  const { config, values } = given
  const which = chosen(given)
  if (!values.retry && !values.drop) {
    const jobs = await asOwner(config, (db) => deadJobs(db, which))
    return { ok: true, data: { jobs }, text: jobs.map(line).join('\n') || 'No failed jobs.' }
  }
  const by = operator('jobs:dead', given)
  const jobs = await asOwner(config, (db) =>
    breaking(db, by, async (tx) => {
      const done = values.retry ? await retryDead(tx, which) : await dropDead(tx, which)
      await noteJobs(tx, values.retry ? 'job:retry' : 'job:drop', done, because(by))
      return done
    }),
  )
  if (!jobs.length) throw new Refused('No failed job matches.')
  const count = jobs.length === 1 ? '1 job' : `${jobs.length} jobs`
  const did = values.retry ? 'queued again' : 'deleted'
  return { ok: true, data: { [values.retry ? 'retried' : 'dropped']: jobs }, text: `${count} ${did}.` }
}

/** @throws {UsageError | Refused} */
function chosen({ values }: CommandInput): Which {
  const [id, job] = [text(values.id), text(values.job)]
  if (values.retry && values.drop) throw new UsageError('Choose one of --retry and --drop.')
  const choices = [id !== undefined, job !== undefined, values.all === true].filter(Boolean).length
  if (choices > 1) throw new UsageError('Choose one of --id, --job and --all.')
  if ((values.retry || values.drop) && !choices) throw new UsageError('Choose one of --id, --job and --all.')
  return { id: id === undefined ? id : valid('The id', z.guid('Enter the id of a job'), id), job }
}

const line = ({ id, job, organization, payload, failed_at, error }: DeadJob) =>
  [id, failed_at, job, organization ?? '-', JSON.stringify(payload), error ?? ''].join('  ')
