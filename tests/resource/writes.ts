import { randomUUID } from 'node:crypto'
import { beforeEach, describe, expect, test } from 'vitest'
import type { RecordRow } from '#src/resource/entity.ts'
import { recorded, trail } from '#tests/access/trail.ts'
import { type Answer, versionOf } from '#tests/client.ts'
import { type Person, personWith } from '#tests/people.ts'
import { asForm, changesOf, fieldsOf, testIf } from '#tests/resource/form.ts'
import type { Body, Cast, Stage, Stored } from '#tests/resource/stage.ts'

/** A write to a record that is there: the same request by JSON and as a form. */
type Write = {
  name: string
  action: 'update' | 'delete'
  event: string
  json: (by: Person, id: string) => Promise<Answer>
  form: (by: Person, id: string) => Promise<Answer>
  /** Brings the record where the write makes sense. */
  before?: (id: string) => Promise<unknown>
  /** Whether the row shows it. */
  done: (row: Stored) => void
}

function writesOf(stage: Stage): Write[] {
  const { resource, entity, model, as, browser, api, page } = stage
  const whole = stage.whole()
  const update = (name: string, json: Write['json'], form: Write['form'], sent: Body): Write => ({
    name,
    action: 'update',
    event: `${model}:update`,
    json,
    form,
    done: (row) => expect(row).toMatchObject(sent),
  })
  const writes = [
    update(
      'PUT',
      (by, id) => as(by).put(api(`/${id}`), whole),
      (by, id) => browser(by).put(page(`/${id}`), asForm(whole)),
      whole,
    ),
    update(
      'PATCH',
      (by, id) => as(by).patch(api(`/${id}`), entity.change),
      (by, id) => browser(by).patch(page(`/${id}`), asForm(entity.change)),
      entity.change,
    ),
  ]
  if (!resource.soft) return writes
  return [
    ...writes,
    {
      name: 'DELETE',
      action: 'delete',
      event: `${model}:delete`,
      json: (by, id) => as(by).delete(api(`/${id}`)),
      form: (by, id) => browser(by).delete(page(`/${id}`)),
      done: ({ deleted_at }) => expect(deleted_at).not.toBeNull(),
    },
    {
      name: 'restore',
      action: 'delete',
      event: `${model}:restore`,
      json: (by, id) => as(by).post(api(`/${id}/restore`)),
      form: (by, id) => browser(by).post(page(`/${id}/restore`)),
      before: (id) => stage.remove(id),
      done: ({ deleted_at }) => expect(deleted_at).toBeNull(),
    },
  ]
}

/** Every write to a record, by everybody. */
export function writes(stage: Stage): void {
  const { people, resource, groupable, ownable } = stage
  let id: string
  let mine: string

  describe.each(writesOf(stage).map((write) => [write.name, write] as const))('%s', (name, write) => {
    describe.each([
      ['as JSON', 'api', write.json],
      ['as a form', 'web', write.form],
    ] as const)('%s', (_, via, attempt) => {
      beforeEach(async () => {
        id = await stage.row()
        mine = ownable ? await stage.row({ owner_user_id: people.own.id, owner_group_id: null }) : ''
        for (const one of [id, mine]) if (one) await write.before?.(one)
      })

      const able: (keyof Cast)[] = ['owner', ...(groupable ? (['member', 'blind'] as const) : [])]
      test.each(able)('works for the %s, and is in the trail field by field', (who) => works(people[who], id))
      testIf(ownable)('works for whose it is, and is in the trail field by field', () =>
        works(people.own, mine),
      )

      async function works(by: Person, id: string) {
        const was = await stage.stored(id)
        const answer = await attempt(by, id)
        expect(answer.status, answer.text).toBe(via === 'web' ? 303 : name === 'DELETE' ? 204 : 200)
        const row = await stage.stored(id)
        write.done(row)
        expect(row.version).toBe(was.version + 1)
        const [line, ...more] = await recorded(by, answer, via)
        expect(line).toMatchObject({ action: write.event, target_type: stage.model, target_id: id })
        expect([line?.data, more]).toEqual([changesOf(was, row), []])
        if (via === 'web')
          expect((await stage.browser(by).get(answer.headers.get('location') as string)).status).toBe(200)
        if (via === 'web' || name === 'DELETE') return
        expect(versionOf(answer)).toBe(row.version)
        for (const [key, value] of Object.entries(answer.json<RecordRow>()))
          if (key in row) expect([key, value]).toEqual([key, row[key]])
      }

      test('is refused to those without the permission, and to those who may only look', async () => {
        await stage.denied(people.nobody, write.action, () => attempt(people.nobody, id))
        await stage.denied(people.looker, write.action, () => attempt(people.looker, id))
        if (ownable) await stage.denied(people.keeper, write.action, () => attempt(people.keeper, id))
        if (groupable) await stage.denied(people.viewer, write.action, () => attempt(people.viewer, id))
      })

      test('is a 404 for those who don’t see it, and from another organization', async () => {
        await stage.hidden(people.foreigner, () => attempt(people.foreigner, id))
        if (groupable) await stage.hidden(people.outsider, () => attempt(people.outsider, id))
        if (ownable) await stage.hidden(people.own, () => attempt(people.own, id))
        if (ownable) await stage.hidden(people.outsider, () => attempt(people.outsider, mine))
        if (groupable && ownable) await stage.hidden(people.blind, () => attempt(people.blind, mine))
      })

      test('is a 404 for what never was', async () => {
        for (const one of [randomUUID(), 'nonsense', '%00', `${id}x`])
          await stage.hidden(people.owner, () => attempt(people.owner, one))
      })

      testIf(resource.soft && name !== 'restore')('is a 404 with what is deleted', async () => {
        await stage.remove(id)
        await stage.hidden(people.owner, () => attempt(people.owner, id))
      })

      testIf(name === 'restore')('of what is there changes nothing, and says so', async () => {
        await attempt(people.owner, id)
        const again = await stage.untouched(() => attempt(people.owner, id))
        expect(again.status).toBe(via === 'web' ? 303 : 200)
        if (via === 'web')
          expect(decodeURIComponent(again.headers.get('set-cookie') ?? '')).toContain('It isn’t deleted')
        else expect(again.json()).toMatchObject({ id, version: (await stage.stored(id)).version })
        expect(await recorded(people.owner, again, via)).toEqual([])
      })
    })
  })

  testIf(!resource.soft)('what is deleted is gone for good, and stands as a whole in the trail', async () => {
    for (const send of [
      (id: string) => stage.as(people.owner).delete(stage.api(`/${id}`)),
      (id: string) => stage.browser(people.owner).delete(stage.page(`/${id}`)),
    ]) {
      const id = await stage.row()
      const was = await stage.stored(id)
      for (const by of [people.nobody, people.looker])
        await stage.denied(by, 'delete', () => stage.as(by).delete(stage.api(`/${id}`)))
      await stage.hidden(people.foreigner, () => stage.as(people.foreigner).delete(stage.api(`/${id}`)))
      const answer = await send(id)
      expect([204, 303]).toContain(answer.status)
      expect(await stage.exists(id)).toBe(false)
      const lines = await trail(stage.org, { target: id })
      expect(lines.at(-1)).toMatchObject({ action: `${stage.model}:delete`, actor_user_id: people.owner.id })
      expect(lines.at(-1)?.data).toEqual({ before: fieldsOf(was) })
      await stage.hidden(people.owner, () => send(id))
      expect((await stage.as(people.owner).post(stage.api(`/${id}/restore`))).status).toBe(404)
    }
  })

  testIf(groupable)(
    'who reads more than they change is refused, who reads less can change it all',
    async () => {
      const id = await stage.row({ owner_group_id: stage.elsewhere })
      const wide = await personWith(
        stage.org,
        [...stage.codes(['read'], 'all'), ...stage.codes(['update'], 'group')],
        {
          groups: [stage.group],
        },
      )
      const narrow = await personWith(
        stage.org,
        [...stage.codes(['read'], 'group'), ...stage.codes(['update'], 'all')],
        {
          groups: [stage.group],
        },
      )
      const attempt = (by: Person) => stage.as(by).patch(stage.api(`/${id}`), stage.entity.change)
      await stage.denied(wide, 'update', () => attempt(wide))
      const done = await attempt(narrow)
      expect([done.status, done.json<RecordRow>().id]).toEqual([200, id])
      await stage.hidden(narrow, () => stage.as(narrow).get(stage.api(`/${id}`)))
      const here = await stage.row()
      for (const by of [wide, narrow])
        expect((await stage.as(by).patch(stage.api(`/${here}`), stage.entity.change)).status).toBe(200)
    },
  )

  testIf(groupable)(
    'who reads some goes on to a page that they see, from a form of what they don’t',
    async () => {
      const narrow = await personWith(
        stage.org,
        [...stage.codes(['read'], 'group'), ...stage.codes(['update', 'delete'], 'all')],
        { groups: [stage.group] },
      )
      for (const place of [stage.group, stage.elsewhere]) {
        const id = await stage.row({ owner_group_id: place })
        expect((await stage.browser(narrow).get(stage.page(`/${id}/edit`))).status).toBe(200)
        for (const write of writesOf(stage)) {
          await write.before?.(id)
          const answer = await write.form(narrow, id)
          expect([write.name, answer.status]).toEqual([write.name, 303])
          const next = await stage.browser(narrow).get(answer.headers.get('location') as string)
          expect([write.name, next.status]).toEqual([write.name, 200])
        }
      }
    },
  )

  testIf(groupable)(
    'who can only take away is not shown what they take, nor what they bring back',
    async () => {
      const takes = await personWith(stage.org, stage.codes(['delete'], 'group'), { groups: [stage.group] })
      const changes = await personWith(stage.org, stage.codes(['update', 'delete'], 'group'), {
        groups: [stage.group],
      })
      const id = await stage.row()
      const late = (by: Person) => stage.as(by).delete(stage.api(`/${id}`), undefined, { 'If-Match': '"0"' })
      const restored = async (by: Person) => {
        await stage.remove(id)
        return stage.as(by).post(stage.api(`/${id}/restore`))
      }
      for (const [by, shown] of [
        [takes, false],
        [changes, true],
      ] as const) {
        const { status, json } = await late(by)
        expect([status, json<{ current?: RecordRow }>().current?.id]).toEqual([412, shown ? id : undefined])
        if (!resource.soft) continue
        const back = await restored(by)
        const { version } = await stage.stored(id)
        expect([back.status, versionOf(back)]).toEqual([200, version])
        if (shown) expect(Object.keys(back.json<RecordRow>())).toContain('created_at')
        else expect(back.json()).toEqual({ id, version })
      }
    },
  )

  testIf(groupable)('deleting asks for the right to delete, changing for the right to change', async () => {
    const id = await stage.row()
    const options = { groups: [stage.group] }
    const reads = stage.codes(['read'], 'all')
    const changes = await personWith(stage.org, [...reads, ...stage.codes(['update'], 'all')], options)
    const deletes = await personWith(stage.org, [...reads, ...stage.codes(['delete'], 'all')], options)
    await stage.denied(changes, 'delete', () => stage.as(changes).delete(stage.api(`/${id}`)))
    await stage.denied(deletes, 'update', () =>
      stage.as(deletes).patch(stage.api(`/${id}`), stage.entity.change),
    )
    await stage.denied(deletes, 'create', () => stage.as(deletes).post(stage.api(), stage.entity.sample()))
    expect((await stage.as(deletes).delete(stage.api(`/${id}`))).status).toBe(204)
    await stage.denied(changes, 'delete', () => stage.as(changes).post(stage.api(`/${id}/restore`)))
    expect((await stage.as(deletes).post(stage.api(`/${id}/restore`))).status).toBe(200)
    expect((await stage.as(changes).patch(stage.api(`/${id}`), stage.entity.change)).status).toBe(200)
  })
}
