// The list of alerts as a Node developer writes it: fastify, better-sqlite3, prepared statements, keyset pages, a
// session by cookie, JSON.stringify.  Times are stored as they leave, flags as 0 and 1, facts as JSON text.
//     node app.mjs <database> <port>
import { createHash } from 'node:crypto'
import Database from 'better-sqlite3'
import Fastify from 'fastify'

const [file, port] = process.argv.slice(2)
const db = new Database(file, { readonly: true })
const app = Fastify()
const statements = new Map()
const prepare = (sql) => statements.get(sql) ?? statements.set(sql, db.prepare(sql)).get(sql)

const filters = new Set(['state', 'severity', 'kind', 'rule_id', 'place_id'])
const sorts = { desk: [['desk_rank', 'opened_at', 'id'], 'ASC'], '-opened_at': [['opened_at', 'id'], 'DESC'] }
const flags = ['ongoing', 'silenced', 'drill']
const times = new Set(['opened_at'])

const micros = (iso) => String(BigInt(Date.parse(iso)) / 1000n * 1000000n + BigInt(iso.slice(20, 26)))
const iso = (us) => new Date(Number(us.slice(0, -6)) * 1000).toISOString().slice(0, 20) + us.slice(-6) + 'Z'

app.addHook('onRequest', async (request, reply) => {
  const token = /(?:^|; )session=([^;]+)/.exec(request.headers.cookie ?? '')?.[1]
  const hash = token && createHash('sha256').update(token).digest('hex')
  request.who = hash && prepare('SELECT person_id, path, permissions FROM session WHERE token_hash = ? AND ended_at IS NULL').get(hash)
  if (!request.who) return reply.code(401).send({ code: 'no_session' })
})

app.get('/api/watch/alert', (request, reply) => {
  const { limit = '50', sort, after, ...rest } = request.query
  const who = request.who
  if (!who.permissions.split(',').includes('watch.alert.read')) return reply.code(403).send({ code: 'denied' })
  if (!(sort in sorts)) return reply.code(400).send({ code: 'unknown_sort' })
  const [columns, way] = sorts[sort]
  const values = [who.path, who.path.slice(0, -1) + '/']
  let sql = 'SELECT * FROM alert WHERE place_path >= ? AND place_path < ?'
  for (const [name, text] of Object.entries(rest)) {
    if (!filters.has(name)) return reply.code(400).send({ code: 'unknown_filter', field: name })
    const words = text.split(',')
    sql += ` AND ${name} IN (${words.map(() => '?')})`
    values.push(...words)
  }
  if (after) {
    sql += ` AND (${columns}) ${way === 'ASC' ? '>' : '<'} (${columns.map(() => '?')})`
    values.push(...after.split('~').map((v, i) => (times.has(columns[i]) ? iso(v) : columns[i] === 'desk_rank' ? Number(v) : v)))
  }
  sql += ` ORDER BY ${columns.map((c) => `${c} ${way}`)} LIMIT ?`
  const n = Number(limit)
  const items = prepare(sql).all(...values, n + 1)
  const more = items.length > n
  if (more) items.pop()
  for (const row of items) {
    for (const f of flags) row[f] = row[f] === 1
    row.facts = JSON.parse(row.facts)
  }
  const last = items.at(-1)
  return { items, next: more ? columns.map((c) => (times.has(c) ? micros(last[c]) : last[c])).join('~') : null }
})

await app.listen({ port: Number(port), host: '127.0.0.1' })
